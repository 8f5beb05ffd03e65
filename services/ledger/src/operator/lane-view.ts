import { TOPICS } from '@subledger/contracts';
import { LogReader } from '@subledger/kafka';
import { checkPublished, checkTopic, LaneBrokenError } from '../lanes/check-log.js';
import type { TakenLane } from '../store/ledger-store.js';
import { PgLedgerStore } from '../store/pg-ledger-store.js';
import type { OperatorContext } from './operator-command.js';

/** The row of a lane, as it is stored. */
export interface LaneRow extends TakenLane {
  readonly owner: string;
  readonly updatedAt: Date;
  readonly rebuildLimits: boolean;
}

/** One input topic of a lane: the row's position in it, and the range of the log. */
export interface InputView {
  readonly topic: string;
  readonly stored: bigint;
  readonly low: bigint;
  readonly high: bigint;
  /** Why the stored position does not fit the log, or null if it does. */
  readonly problem: string | null;
  /** Undecodable batches next to the stored position: the last one read, and the next one. */
  readonly undecodable: readonly string[];
}

export interface LaneView {
  readonly row: LaneRow;
  readonly commands: InputView;
  readonly messages: InputView;
  /** Why the published events do not fit the books, or null if they do. */
  readonly publishedProblem: string | null;
  /** Highest generation of the lane's last published events, or 0 without any. */
  readonly publishedGeneration: number;
}

/**
 * Number of events at a partition's end that are searched for their generation. Some of them repeat earlier events.
 */
const LAST_EVENTS = 500n;

/** Why the lane cannot be taken over as it is. Empty if it can. */
export const problemsOf = ({ commands, messages, publishedProblem }: LaneView): string[] =>
  [commands.problem, messages.problem, publishedProblem].filter((problem) => problem !== null);

export const lagOf = ({ stored, high }: InputView): bigint => (high > stored ? high - stored : 0n);

/** Rows of lanes by number. A lane that no ledger has had yet has no row. */
export async function readLanes({ prisma }: OperatorContext): Promise<Map<number, LaneRow>> {
  const rows = await prisma.lane.findMany({ orderBy: { lane: 'asc' } });
  return new Map(
    rows.map(({ lane, epoch, generation, ...row }) => [lane, { ...row, lease: { lane, epoch, generation } }]),
  );
}

/** Partitions of the input topics beyond the lanes. */
export async function partitionsBeyond({ kafka, partitions }: OperatorContext): Promise<number[]> {
  const log = new LogReader(kafka);
  try {
    const counts = await Promise.all(
      [TOPICS.commands, TOPICS.messages].map((topic) => log.partitionCount(topic)),
    );
    const more = Math.max(0, ...counts) - partitions;
    return Array.from({ length: Math.max(0, more) }, (_, index) => partitions + index);
  } finally {
    await log.close();
  }
}

/** Checks lanes like a takeover, without changing anything. */
export class LaneViewer {
  readonly #log: LogReader;
  readonly #store: PgLedgerStore;

  constructor({ kafka, pool, prisma }: OperatorContext) {
    this.#log = new LogReader(kafka);
    this.#store = new PgLedgerStore(pool, prisma, {
      prepare: async () => {},
      onDamage: () => {},
    });
  }

  async view(row: LaneRow): Promise<LaneView> {
    const { commandOffset, commandLastId, messageOffset, messageLastId } = row;
    return {
      row,
      commands: await this.#input(row, TOPICS.commands, commandOffset, commandLastId),
      messages: await this.#input(row, TOPICS.messages, messageOffset, messageLastId),
      publishedProblem: await problemOf(() => checkPublished(this.#log, this.#store, row)),
      publishedGeneration: await this.#publishedGeneration(row.lease.lane),
    };
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  async #input(row: LaneRow, topic: string, stored: bigint, lastId: string | null): Promise<InputView> {
    const { low, high } = await this.#log.range(topic, row.lease.lane);
    const problem = await problemOf(() => checkTopic(this.#log, row, topic, stored, lastId));
    const undecodable: string[] = [];
    if (stored > low && stored <= high)
      undecodable.push(...(await this.#undecodableAt(topic, row.lease.lane, stored - 1n)));
    if (stored >= low && stored < high)
      undecodable.push(...(await this.#undecodableAt(topic, row.lease.lane, stored)));
    return { topic, stored, low, high, problem, undecodable };
  }

  async #undecodableAt(topic: string, lane: number, offset: bigint): Promise<string[]> {
    const { records } = await this.#log.readFrom(topic, lane, offset);
    const { undecodable } = records[0] ?? {};
    return undecodable && undecodable.firstOffset <= offset ? [undecodable.detail] : [];
  }

  async #publishedGeneration(lane: number): Promise<number> {
    const { low, high } = await this.#log.range(TOPICS.events, lane);
    let highest = 0;
    for (let from = high - LAST_EVENTS > low ? high - LAST_EVENTS : low; from < high; ) {
      const { records, next } = await this.#log.readFrom(TOPICS.events, lane, from);
      for (const { value, undecodable } of records)
        if (!undecodable) highest = Math.max(highest, generationOf(value));
      if (next === from) break;
      from = next;
    }
    return highest;
  }
}

async function problemOf(check: () => Promise<void>): Promise<string | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof LaneBrokenError) return error.detail;
    throw error;
  }
}

function generationOf(value: Buffer | null): number {
  const { data } = JSON.parse(value?.toString() ?? '{}') as { data?: { generation?: number } };
  return data?.generation ?? 0;
}
