import { TOPICS } from '@subledger/contracts';
import { BatchConsumer, type KafkaConfig } from '@subledger/kafka';
import { TopicReader } from '@subledger/testing';
import type { Pool } from 'pg';

/** Position of each lane in the ledger's journal. */
export async function lanePositions(pool: Pool): Promise<Map<number, bigint>> {
  const { rows } = await pool.query<{ lane: number; lane_sequence: bigint }>(
    'SELECT lane, lane_sequence FROM ledger.lanes ORDER BY lane',
  );
  return new Map(rows.map(({ lane, lane_sequence }) => [lane, lane_sequence]));
}

/** Events that the journal got since. */
export function eventsSince(before: ReadonlyMap<number, bigint>, after: ReadonlyMap<number, bigint>): number {
  return [...after].reduce((sum, [lane, sequence]) => sum + Number(sequence - (before.get(lane) ?? 0n)), 0);
}

/** Sum of the lanes' epochs: each takeover adds one. */
export async function epochs(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ sum: bigint }>('SELECT sum(epoch)::bigint AS sum FROM ledger.lanes');
  return Number(rows[0]?.sum ?? 0n);
}

/** Transfers in the books so far; counted by the main accounts' rows, as counting the table would cost. */
export async function transferCount(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ sum: bigint | null }>(
    'SELECT sum(transfer_sequence)::bigint AS sum FROM ledger.main_accounts',
  );
  return Number(rows[0]?.sum ?? 0n);
}

interface Progress {
  /** Records of both topics that are done: offsets are next offsets from 0 on, so their sum counts records. */
  readonly done: bigint;
  readonly published: boolean;
}

export async function progress(pool: Pool): Promise<Progress> {
  const { rows } = await pool.query<Progress>(
    `SELECT coalesce(sum(command_offset + message_offset), 0)::bigint AS done,
      coalesce(bool_and(published_sequence = lane_sequence), false) AS published FROM ledger.lanes`,
  );
  return rows[0] as Progress;
}

const POLL_MS = 100;

/**
 * Waits until the ledger has processed this many records of both topics and published the results.
 * @throws Error if there is no progress for `stallMs`
 */
export async function waitUntilDrained(pool: Pool, records: bigint, stallMs = 60_000): Promise<void> {
  let last = -1n;
  let movedAt = performance.now();
  for (;;) {
    const { done, published } = await progress(pool);
    if (done >= records && published) return;
    if (done !== last) {
      last = done;
      movedAt = performance.now();
    } else if (performance.now() - movedAt > stallMs) {
      throw new Error(`the ledger stands still at ${done} of ${records} records (published: ${published})`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Where a topic ends now: `topic:partition` → next offset. */
export async function topicEnds(
  config: KafkaConfig,
  topic: string,
  partitions: number,
): Promise<Map<string, bigint>> {
  const reader = new BatchConsumer(config, {
    groupId: 'bench-ends',
    topics: [topic],
    fromBeginning: true,
    commit: 'manual',
    onBatch: () => {},
  });
  const ends = new Map<string, bigint>();
  for (let partition = 0; partition < partitions; partition += 1) {
    ends.set(`${topic}:${partition}`, (await reader.logRange(topic, partition)).high);
  }
  await reader.stop();
  return ends;
}

export interface EventWindow {
  readonly events: number;
  readonly moves: number;
  /** Events per second over the window, its first tenth left out (start-up). */
  readonly eventsPerSecond: number;
  readonly movesPerSecond: number;
}

const READ_WITHIN_MS = 120_000;

/** Reads the events from these offsets to the end, and computes their rate from the broker's time stamps. */
export async function readEventWindow(
  config: KafkaConfig,
  from: ReadonlyMap<string, bigint>,
  expected: number,
): Promise<EventWindow> {
  const stamps: { at: number; moves: number }[] = [];
  const reader = await TopicReader.open(config, TOPICS.events, {
    from,
    onRecord: ({ value, timestampMs }) => {
      const { data } = JSON.parse(String(value)) as { data: { transfers: unknown[] } };
      stamps.push({ at: timestampMs, moves: data.transfers.length });
    },
  });
  const deadline = performance.now() + READ_WITHIN_MS;
  while (stamps.length < expected && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  await reader.close();
  if (stamps.length !== expected)
    throw new Error(`${stamps.length} events on the topic, ${expected} in the journal`);
  return windowOf(stamps);
}

function windowOf(stamps: { at: number; moves: number }[]): EventWindow {
  stamps.sort((a, b) => a.at - b.at);
  const steady = stamps.slice(Math.floor(stamps.length / 10));
  const seconds = ((steady.at(-1)?.at ?? 0) - (steady[0]?.at ?? 0)) / 1_000;
  const movesOf = (some: typeof stamps) => some.reduce((sum, { moves }) => sum + moves, 0);
  return {
    events: stamps.length,
    moves: movesOf(stamps),
    eventsPerSecond: steady.length / seconds,
    movesPerSecond: movesOf(steady) / seconds,
  };
}
