import type { OutgoingRecord } from '@subledger/kafka';
import { besideProducers, drain, floorFigures, openBooks, runFigures, withBench } from './bench.js';
import { atLeast, atMost } from './figures.js';
import { measureFloor } from './floor.js';
import { lanePositions } from './measure.js';
import { MEMORY_TARGET_MB, POPULATION, recordCount, SEED } from './settings.js';
import { mixed, type Population, usage } from './workload.js';

type Workload = (population: Population, count: number, seed: number) => Iterable<OutgoingRecord>;

/** Commands and message facts, as customers mix them. */
export const benchLedger = (): Promise<Record<string, unknown>> => throughput(mixed, 200_000);

/** Message facts alone: what most of the traffic is. */
export const benchUsage = (): Promise<Record<string, unknown>> => throughput(usage, 240_000);

/**
 * Moves per second end to end (Kafka in → durable → events out): once while draining a preloaded topic, once with the
 * producers beside it; and the floor of the first run's rows.
 */
async function throughput(workload: Workload, records: number): Promise<Record<string, unknown>> {
  const count = recordCount(records);
  return withBench(async (bench) => {
    await openBooks(bench, POPULATION);
    const since = await lanePositions(bench.pool);
    const drained = await drain(bench, workload(POPULATION, count, SEED));
    const floor = await measureFloor(bench.pool, since);
    const beside = await besideProducers(bench, workload(POPULATION, count, SEED + 1));
    const figures = { drained: runFigures(drained, floor), besideProducers: runFigures(beside, floor) };
    const peakMemoryMb = Math.max(figures.drained.peakMemoryMb, figures.besideProducers.peakMemoryMb);
    return {
      records: count,
      mainAccounts: POPULATION.mainAccounts,
      partitions: bench.environment.partitions,
      ...figures,
      floor: floorFigures(floor),
      targets: [
        atLeast('drained.ratioToFloor', figures.drained.ratioToFloor, 0.5),
        atLeast('drained.ratioToRowFloor', figures.drained.ratioToRowFloor, 1),
        atMost('peakMemoryMb', peakMemoryMb, MEMORY_TARGET_MB),
      ],
    };
  });
}
