import { TOPICS } from '@subledger/contracts';
import { BatchConsumer, type KafkaConfig } from '@subledger/kafka';
import type { Pool } from 'pg';

/** Where each lane of the ledger's journal stands. */
export async function lanePositions(pool: Pool): Promise<Map<number, bigint>> {
  const { rows } = await pool.query<{ lane: number; lane_sequence: bigint }>(
    'SELECT lane, lane_sequence FROM ledger.lanes ORDER BY lane',
  );
  return new Map(rows.map(({ lane, lane_sequence }) => [lane, lane_sequence]));
}

const POLL_MS = 100;

/**
 * Waits until the ledger has worked through so many records of both topics and published what came of them.
 * Offsets are next offsets from 0 on, so their sum counts records.
 * @throws Error when nothing has moved for `stallMs`
 */
export async function waitUntilDrained(pool: Pool, records: bigint, stallMs = 60_000): Promise<void> {
  let last = -1n;
  let movedAt = performance.now();
  for (;;) {
    const { rows } = await pool.query<{ done: bigint; published: boolean }>(
      `SELECT coalesce(sum(command_offset + message_offset), 0)::bigint AS done,
        coalesce(bool_and(published_sequence = lane_sequence), false) AS published FROM ledger.lanes`,
    );
    const { done, published } = rows[0] as { done: bigint; published: boolean };
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
  readonly transfers: number;
  /** Events per second over the window, its first tenth left out (start-up). */
  readonly eventsPerSecond: number;
  readonly movesPerSecond: number;
}

/** Reads the events from these offsets to the end and judges their rate by the broker's time stamps. */
export async function readEventWindow(
  config: KafkaConfig,
  from: ReadonlyMap<string, bigint>,
  expected: number,
): Promise<EventWindow> {
  const stamps: { at: number; transfers: number }[] = [];
  const consumer = new BatchConsumer(
    { ...config, clientId: 'bench-window' },
    {
      groupId: `bench-window-${Date.now()}`,
      topics: [TOPICS.events],
      fromBeginning: true,
      commit: 'manual',
      onAssigned: async () => new Map(from),
      onBatch: async ({ records }) => {
        for (const { value, timestampMs } of records) {
          const { data } = JSON.parse(String(value)) as { data: { transfers: unknown[] } };
          stamps.push({ at: timestampMs, transfers: data.transfers.length });
        }
      },
    },
  );
  await consumer.start();
  const deadline = performance.now() + 120_000;
  while (stamps.length < expected && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  await consumer.stop();
  if (stamps.length !== expected)
    throw new Error(`${stamps.length} events on the topic, ${expected} in the journal`);
  stamps.sort((a, b) => a.at - b.at);
  const steady = stamps.slice(Math.floor(stamps.length / 10));
  const seconds = ((steady.at(-1)?.at ?? 0) - (steady[0]?.at ?? 0)) / 1_000;
  const moves = steady.reduce((sum, { transfers }) => sum + transfers, 0);
  return {
    events: stamps.length,
    transfers: stamps.reduce((sum, { transfers }) => sum + transfers, 0),
    eventsPerSecond: steady.length / seconds,
    movesPerSecond: moves / seconds,
  };
}
