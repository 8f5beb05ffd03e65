import { TOPICS } from '@subledger/contracts';
import { type OutgoingRecord, RecordProducer } from '@subledger/kafka';
import type { Pool } from 'pg';
import { type BenchEnvironment, type EnvironmentOptions, startEnvironment } from './environment.js';
import { ratio, rounded } from './figures.js';
import type { Floor } from './floor.js';
import {
  eventsSince,
  lanePositions,
  progress,
  readEventWindow,
  topicEnds,
  waitUntilDrained,
} from './measure.js';
import { produce } from './produce.js';
import { openings, type Population } from './workload.js';

/** Servers, a producer, and the books that the measured ledger writes. */
export interface Bench {
  readonly environment: BenchEnvironment;
  readonly producer: RecordProducer;
  readonly pool: Pool;
  /** Environment of the ledger's process beside the servers' addresses. */
  readonly ledgerEnv?: Readonly<Record<string, string>>;
}

/** A ledger's servers during `use`. Everything is removed afterwards, also after a failure. */
export async function withBench<Result>(
  use: (bench: Bench) => Promise<Result>,
  options: EnvironmentOptions = {},
): Promise<Result> {
  return withProducer(await startEnvironment(options), use);
}

/** The same on another database and other topics of the same servers. */
export async function withAnother<Result>(
  { environment }: Bench,
  name: string,
  use: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  return withProducer(await environment.another(name), use);
}

async function withProducer<Result>(
  environment: BenchEnvironment,
  use: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  const producer = new RecordProducer(environment.kafka);
  try {
    await producer.connect();
    return await use({ environment, producer, pool: environment.pool });
  } finally {
    await producer.close();
    await environment.stop();
  }
}

/** Lets a separate ledger process records that are not measured. */
export async function workThrough(bench: Bench, records: Iterable<OutgoingRecord>): Promise<void> {
  const { environment, pool, producer } = bench;
  const { done } = await progress(pool);
  const count = await produce(producer, records);
  const ledger = await environment.startLedger(bench.ledgerEnv);
  await waitUntilDrained(pool, done + BigInt(count));
  await ledger.stop();
}

/** Opens the books of these populations through the ledger, and lets PostgreSQL vacuum. */
export async function openBooks(bench: Bench, ...populations: Population[]): Promise<void> {
  for (const population of populations) await workThrough(bench, openings(population));
  await bench.pool.query('VACUUM (ANALYZE)');
}

/** One measured run of the ledger. */
export interface Run {
  readonly moves: number;
  readonly movesPerSecond: number;
  readonly eventsPerSecond: number;
  readonly peakMemoryMb: number;
}

/** Produces the records, then starts the ledger and measures while it works through them. */
export async function drain(bench: Bench, records: Iterable<OutgoingRecord>): Promise<Run> {
  const { done } = await progress(bench.pool);
  const count = await produce(bench.producer, records);
  return measure(bench, done + BigInt(count));
}

/** Measures while the records are being produced. */
export async function besideProducers(bench: Bench, records: Iterable<OutgoingRecord>): Promise<Run> {
  const { done } = await progress(bench.pool);
  return measure(bench, async () => done + BigInt(await produce(bench.producer, records)));
}

/** @param until number of records to process; a function is called once the ledger is running */
async function measure(bench: Bench, until: bigint | (() => Promise<bigint>)): Promise<Run> {
  const { environment, pool } = bench;
  const before = await lanePositions(pool);
  const from = await topicEnds(environment.kafka, TOPICS.events, environment.partitions);
  await pool.query('CHECKPOINT');
  const ledger = await environment.startLedger(bench.ledgerEnv);
  await waitUntilDrained(pool, typeof until === 'bigint' ? until : await until());
  const peakMemoryMb = await ledger.peakMemoryMb();
  await ledger.stop();
  const expected = eventsSince(before, await lanePositions(pool));
  return { ...(await readEventWindow(environment.kafka, from, expected)), peakMemoryMb };
}

/** A run as it is printed, beside its floor. */
export const runFigures = (run: Run, floor: Floor) => ({
  movesPerSecond: rounded(run.movesPerSecond),
  eventsPerSecond: rounded(run.eventsPerSecond),
  ratioToFloor: ratio(run.movesPerSecond, floor.movesPerSecond),
  ratioToRowFloor: ratio(run.movesPerSecond, floor.rowFloor.movesPerSecond),
  peakMemoryMb: rounded(run.peakMemoryMb),
});

export const floorFigures = (floor: Floor) => ({
  moves: floor.moves,
  movesPerSecond: rounded(floor.movesPerSecond),
  rowMovesPerSecond: rounded(floor.rowFloor.movesPerSecond),
});
