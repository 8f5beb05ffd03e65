import { drain, floorFigures, openBooks, runFigures, withBench } from './bench.js';
import { atLeast, mean, ratio, rounded } from './figures.js';
import { measureFloor } from './floor.js';
import { lanePositions } from './measure.js';
import { HOT, POPULATION, recordCount, SEED } from './settings.js';
import { mixed } from './workload.js';

/**
 * One main account gets the whole mixed load, so that one lane works alone. Compared with the same load over all main
 * accounts, directly before and after.
 */
export async function benchHot(): Promise<Record<string, unknown>> {
  const count = recordCount(100_000);
  return withBench(async (bench) => {
    await openBooks(bench, POPULATION, HOT);
    const before = await drain(bench, mixed(POPULATION, count, SEED));
    const since = await lanePositions(bench.pool);
    const hot = await drain(bench, mixed(HOT, count, SEED + 1));
    const floor = await measureFloor(bench.pool, since);
    const after = await drain(bench, mixed(POPULATION, count, SEED + 2));
    const spread = mean([before.movesPerSecond, after.movesPerSecond]);
    const ratioToSpread = ratio(hot.movesPerSecond, spread);
    return {
      records: count,
      drained: runFigures(hot, floor),
      spread: {
        mainAccounts: POPULATION.mainAccounts,
        movesPerSecond: rounded(spread),
        before: rounded(before.movesPerSecond),
        after: rounded(after.movesPerSecond),
      },
      ratioToSpread,
      floor: floorFigures(floor),
      targets: [atLeast('ratioToSpread', ratioToSpread, 0.9)],
    };
  });
}
