import type { Books } from '@subledger/core';
import type { KafkaRecord } from '@subledger/kafka';
import {
  BatchProcessor,
  BooksCache,
  CacheBudget,
  LaneMemory,
  LargeRoll,
  ROLL_IN_PARTS,
} from '@subledger/ledger/engine';
import { SeededRandom } from '@subledger/simulator';
import { decideOrThrow, MAX_MESSAGE_POINTS, SEAL } from './process/ledger-process.js';
import { silentMetrics, tracingLog } from './process/observers.js';
import type { Simulation } from './simulation.js';
import { Database } from './store/database.js';
import { SimStore } from './store/sim-store.js';
import type { Tables, Taken } from './store/tables.js';
import { SimulationFailure, World } from './world/world.js';

/**
 * Processes the same records in the same order per lane, with one process and without faults, in other batches and
 * with newly loaded books. Crashes, fences and retries must not show in the tables.
 * @throws SimulationFailure with the first differing row
 */
export async function comparePlainRun(run: Simulation): Promise<void> {
  const world = new World(run.options.seed, run.startedAt);
  const database = new Database(world, () => []);
  const store = new SimStore({ request: async (_, effect) => effect() }, database);
  const { maxSubAccounts, allowEarlyRoll, tombstoneGraceMs } = run.settings;
  const processor = new BatchProcessor({
    store,
    seal: SEAL,
    policy: { maxSubAccounts, maxMessagePoints: MAX_MESSAGE_POINTS, allowEarlyRoll },
    decide: decideOrThrow,
    tombstoneGraceMs,
    now: () => world.scheduler.now,
    partitions: () => run.broker.partitionCount,
    metrics: silentMetrics(),
    log: tracingLog(world, 'plain'),
  });
  const random = new SeededRandom(run.options.seed);
  for (const [lane, taken] of run.database.tables.taken) {
    const row = database.takeLane(lane, 'plain', { commandOffset: 0n, messageOffset: 0n });
    const memory = new LaneMemory(row, new BooksCache(new CacheBudget(1_000)));
    for (const one of untilClock(taken)) {
      const records = one.flatMap(inOrder);
      while (records.length > 0) {
        await processor.process(memory, records.splice(0, random.int(1, 50)), () => undefined);
        if (random.chance(0.3)) memory.cache.clear();
      }
      const { rolled, expired } = one.at(-1) as Taken;
      if (rolled) await roll(store, memory, rolled, tombstoneGraceMs);
      for (const { mainAccountId, id, at } of expired)
        await processor.expire(memory, [{ mainAccountId, id, expiresAt: at }], at, () => undefined);
    }
  }
  compare(run.database.tables, database.tables);
}

/**
 * Splits the records at each transaction that the clock caused: a month start, because another record than its cause
 * may follow it, or the end of holds.
 */
function untilClock(taken: readonly Taken[]): Taken[][] {
  const runs: Taken[][] = [[]];
  for (const one of taken) {
    runs.at(-1)?.push(one);
    if (one.rolled || one.expired.length > 0) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

/** The month start, whole. */
async function roll(
  store: SimStore,
  lane: LaneMemory,
  { mainAccountId, at }: NonNullable<Taken['rolled']>,
  tombstoneGraceMs: number,
): Promise<void> {
  lane.cache.clear();
  const books = (await store.loadBooks([mainAccountId])).get(mainAccountId) as Books;
  const large = new LargeRoll({
    lane,
    books,
    at,
    now: at,
    command: null,
    tombstoneGraceMs,
    inParts: ROLL_IN_PARTS,
  });
  await store.writeParts(lane.lease, large.step, large.parts(), lane.cursor);
  lane.committed(large.step, lane.cursor);
}

/** Both topics by broker time, commands first; as the ledger's documentation says. */
function inOrder({ commands, messages }: Taken): KafkaRecord[] {
  const rank = (record: KafkaRecord) => (commands.includes(record) ? 0 : 1);
  return [...commands, ...messages].sort((a, b) => a.timestampMs - b.timestampMs || rank(a) - rank(b));
}

/** Fields that depend on when something was done. */
const INCIDENTAL = new Set(['tombstonedAt', 'lane', 'laneSequence', 'generation']);
const COMPARED = [
  'mainAccounts',
  'subAccounts',
  'holds',
  'charges',
  'refunds',
  'references',
  'commands',
  'statements',
  'transfers',
  'journal',
] as const satisfies readonly (keyof Tables)[];

function compare(actual: Tables, plain: Tables): void {
  for (const name of COMPARED) {
    const rows: ReadonlyMap<string, object> = actual[name];
    const others: ReadonlyMap<string, object> = plain[name];
    for (const key of new Set([...rows.keys(), ...others.keys()])) {
      const [one, other] = [textOf(rows.get(key)), textOf(others.get(key))];
      if (one !== other)
        throw new SimulationFailure(`${name} ${key} differs from the plain run: ${one} instead of ${other}`);
    }
  }
}

/** A row as text, without fields that may differ, including the generation in the JSON of events. */
function textOf(row: object | undefined): string {
  if (!row) return 'no row';
  const fields = Object.entries(row).filter(([name]) => !INCIDENTAL.has(name));
  const text = JSON.stringify(fields.sort(), (_, value) => (typeof value === 'bigint' ? `${value}` : value));
  return text.replace(/\\"generation\\":\d+/g, '').replace(/\\"id\\":\\"[^"]*\\"/, '');
}
