import { TOPICS } from '@subledger/contracts';
import { RecordProducer } from '@subledger/kafka';
import type { Pool } from 'pg';
import { type BenchEnvironment, startEnvironment } from './environment.js';
import { measureFloor } from './floor.js';
import { lanePositions, readEventWindow, topicEnds, waitUntilDrained } from './measure.js';
import { mixed, openings, produce } from './workload.js';

const POPULATION = { mainAccounts: 1_000, subAccountsEach: 10 };
const OPENINGS = POPULATION.mainAccounts * (3 + POPULATION.subAccountsEach);
const SEED = 20_261_123;

/**
 * Moves per second end to end (Kafka in → durable → events out): once while draining a preloaded topic, once with the
 * producers beside it; and the floor of the first run's rows.
 */
export async function benchLedger(
  count = Number(process.env.BENCH_RECORDS ?? 200_000),
): Promise<Record<string, unknown>> {
  const environment = await startEnvironment(['ledger']);
  try {
    const pool = environment.pool('ledger');
    const producer = new RecordProducer(environment.kafka);
    await producer.connect();
    await produce(producer, openings(POPULATION));
    const opening = await environment.startService('ledger');
    await waitUntilDrained(pool, BigInt(OPENINGS));
    await opening.stop();

    const since = await lanePositions(pool);
    await produce(producer, mixed(POPULATION, count, SEED));
    const drained = await drain(environment, pool, BigInt(OPENINGS + count));
    const floor = await measureFloor(pool, since);

    const beside = await besideProducers(environment, pool, producer, count);
    await producer.close();
    const floorRate = floor.moves / floor.seconds;
    return {
      bench: 'ledger',
      records: count,
      mainAccounts: POPULATION.mainAccounts,
      partitions: environment.partitions,
      drained: figures(drained, floorRate),
      besideProducers: figures(beside, floorRate),
      floor: { moves: floor.moves, movesPerSecond: Math.round(floorRate) },
    };
  } finally {
    await environment.stop();
  }
}

interface Drained {
  readonly movesPerSecond: number;
  readonly eventsPerSecond: number;
  readonly peakMemoryMb: number;
}

const figures = (run: Drained, floorRate: number) => ({
  movesPerSecond: Math.round(run.movesPerSecond),
  eventsPerSecond: Math.round(run.eventsPerSecond),
  ratioToFloor: Number((run.movesPerSecond / floorRate).toFixed(3)),
  peakMemoryMb: Math.round(run.peakMemoryMb),
});

async function drain(
  environment: BenchEnvironment,
  pool: Pool,
  records: bigint,
  during?: () => Promise<void>,
): Promise<Drained> {
  const before = await lanePositions(pool);
  const from = await topicEnds(environment.kafka, TOPICS.events, environment.partitions);
  const ledger = await environment.startService('ledger');
  await during?.();
  await waitUntilDrained(pool, records);
  const peakMemoryMb = await ledger.peakMemoryMb();
  await ledger.stop();
  const after = await lanePositions(pool);
  const expected = [...after].reduce(
    (sum, [lane, sequence]) => sum + Number(sequence - (before.get(lane) ?? 0n)),
    0,
  );
  return { ...(await readEventWindow(environment.kafka, from, expected)), peakMemoryMb };
}

/** The same load again, produced while the ledger runs. */
async function besideProducers(
  environment: BenchEnvironment,
  pool: Pool,
  producer: RecordProducer,
  count: number,
): Promise<Drained> {
  const { rows } = await pool.query<{ done: bigint }>(
    'SELECT sum(command_offset + message_offset)::bigint AS done FROM ledger.lanes',
  );
  const done = rows[0]?.done ?? 0n;
  return drain(environment, pool, done + BigInt(count), () =>
    produce(producer, mixed(POPULATION, count, SEED + 1)),
  );
}
