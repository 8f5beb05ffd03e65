import { type Bench, floorFigures, openBooks, withBench } from './bench.js';
import { atLeast, atMost, drift, ratesPerInterval, ratio, rounded, type Sample } from './figures.js';
import { measureFloor } from './floor.js';
import { lanePositions, progress, transferCount, waitUntilDrained } from './measure.js';
import { produceAhead } from './produce.js';
import { type RunningService, untilLanesRun } from './service-process.js';
import { ENDURANCE, MEMORY_TARGET_MB, POPULATION, SEED } from './settings.js';
import { mixed } from './workload.js';

const SAMPLE_MS = 1_000;
const WINDOW_SECONDS = 60;
const START_UP_SECONDS = 10;
/** The floor uses the rows of the last seconds, because all rows would not fit into memory. */
const FLOOR_SECONDS = 15;
/** Within 10 %. A decrease is fine. */
const MEMORY_DRIFT = 1.1;
const SPEED_DRIFT = 0.9;

/**
 * Full rate for minutes: the producers keep a limited backlog ahead of the ledger. Checks that its memory and its
 * speed stay constant.
 */
export async function benchEndurance(): Promise<Record<string, unknown>> {
  const seconds = ENDURANCE.minutes * 60;
  return withBench(async (bench) => {
    await openBooks(bench, POPULATION);
    const run = await runFor(bench, seconds);
    const floor = await measureFloor(bench.pool, run.since);
    const memory = drift(run.memory, WINDOW_SECONDS, START_UP_SECONDS);
    const movesPerSecondByMinute = ratesPerInterval(run.moves, WINDOW_SECONDS);
    const lastMoves = movesPerSecondByMinute.at(-1) ?? Number.NaN;
    return {
      ...ENDURANCE,
      records: run.records,
      memory: {
        firstMinuteMb: memory.first,
        lastMinuteMb: memory.last,
        ratio: memory.ratio,
        peakMb: rounded(run.peakMemoryMb),
      },
      movesPerSecond: rounded(run.movesPerSecond),
      movesPerSecondByMinute,
      lastMinuteToFloor: ratio(lastMoves, floor.movesPerSecond),
      floor: floorFigures(floor),
      targets: [
        atMost('memory.ratio', memory.ratio, MEMORY_DRIFT),
        atMost('memory.peakMb', rounded(run.peakMemoryMb), MEMORY_TARGET_MB),
        atLeast('lastMinuteToFirst', ratio(lastMoves, movesPerSecondByMinute[0] ?? Number.NaN), SPEED_DRIFT),
      ],
    };
  });
}

interface LongRun {
  readonly records: number;
  readonly memory: Sample[];
  readonly moves: Sample[];
  readonly movesPerSecond: number;
  readonly peakMemoryMb: number;
  /** Lane positions shortly before the end. */
  readonly since: Map<number, bigint>;
}

async function runFor(bench: Bench, seconds: number): Promise<LongRun> {
  const { environment, pool, producer } = bench;
  const { done: before } = await progress(pool);
  const movesBefore = await transferCount(pool);
  const ledger = await environment.startLedger(bench.ledgerEnv);
  await untilLanesRun(ledger, environment.partitions);
  const ended = new AbortController();
  const producing = produceAhead(producer, mixed(POPULATION, Number.POSITIVE_INFINITY, SEED), {
    backlog: ENDURANCE.backlog,
    done: async () => Number((await progress(pool)).done - before),
    signal: ended.signal,
  });
  const started = performance.now();
  const samples = await sample(pool, ledger, seconds).finally(() => ended.abort());
  const records = await producing;
  await waitUntilDrained(pool, before + BigInt(records));
  const elapsed = (performance.now() - started) / 1_000;
  const movesPerSecond = ((await transferCount(pool)) - movesBefore) / elapsed;
  const peakMemoryMb = await ledger.peakMemoryMb();
  await ledger.stop();
  return { records, ...samples, movesPerSecond, peakMemoryMb };
}

/** Every second, until the time is up. */
async function sample(pool: Bench['pool'], ledger: RunningService, seconds: number) {
  const memory: Sample[] = [];
  const moves: Sample[] = [];
  const started = performance.now();
  let since = await lanePositions(pool);
  let isSinceTaken = false;
  for (let second = 0; second <= seconds; second += SAMPLE_MS / 1_000) {
    memory.push({ second, value: await ledger.memoryMb() });
    moves.push({ second, value: await transferCount(pool) });
    if (!isSinceTaken && second >= seconds - FLOOR_SECONDS) {
      since = await lanePositions(pool);
      isSinceTaken = true;
    }
    const waitMs = started + (second * 1_000 + SAMPLE_MS) - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
  }
  return { memory, moves, since };
}
