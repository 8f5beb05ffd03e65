import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '@subledger/contracts';
import type { Pool } from 'pg';
import { type Bench, openBooks, withBench, workThrough } from './bench.js';
import { atMost, ratio, rounded } from './figures.js';
import { measureLatency } from './latency.js';
import { untilLanesRun } from './service-process.js';
import { HOLDERS, HOLDS_AT_ONCE, type LATENCY, POPULATION } from './settings.js';
import { holds } from './workload.js';

const SIZES: typeof LATENCY = { commandsPerSecond: 100, warmUpSeconds: 5, seconds: 20 };
/** The load goes on as long as holds may be open. A slow machine releases as many a second. */
const ENDS_PER_SECOND = 1_500;
/** Seconds from the start of the load until the holds end: within the measured time. */
const END_AFTER_SECONDS = 8;
const LOOK_EVERY_MS = 50;
/** Of the last one of `FEW` holds (design, section 7). */
const TARGET_MS = 5_000;
const FEW = 10_000;
/** Other customers' commands, against the same load without ends. */
const TARGET_P99_RATIO = 1.5;

/**
 * Holds that end at one instant: how late they are released, and what the commands of other customers wait for
 * meanwhile.
 */
export async function benchExpiry(): Promise<Record<string, unknown>> {
  return withBench(async (bench) => {
    await openBooks(bench, POPULATION, HOLDERS);
    const quiet = await beside(bench, 0);
    const few = await beside(bench, FEW);
    const many = await beside(bench, HOLDS_AT_ONCE);
    const p99Ratio = ratio(many.latencyMs.p99, quiet.latencyMs.p99);
    return {
      commandsPerSecond: SIZES.commandsPerSecond,
      quiet,
      few,
      many,
      p99Ratio,
      targets: [
        atMost('few.lastAfterMs', few.lastAfterMs, TARGET_MS),
        atMost('p99Ratio', p99Ratio, TARGET_P99_RATIO),
      ],
    };
  });
}

async function beside(bench: Bench, count: number) {
  const { environment, pool } = bench;
  await workThrough(bench, holds(HOLDERS, count));
  const ledger = await environment.startLedger();
  await untilLanesRun(ledger, environment.partitions);
  await pool.query(
    `UPDATE ledger.holds SET expires_at = now() + make_interval(secs => $1) WHERE state = 'open'
       AND main_account_id >= $2`,
    [END_AFTER_SECONDS, firstHolder],
  );
  const ended = untilAllEnded(pool, count);
  const seconds = SIZES.seconds + Math.ceil(count / ENDS_PER_SECOND);
  const { latencyMs, cpu } = await measureLatency(bench, ledger, TOPICS, { ...SIZES, seconds });
  const after = await ended;
  await pool.query('DELETE FROM ledger.holds WHERE main_account_id >= $1', [firstHolder]);
  return { holds: count, ...after, latencyMs, ledgerCores: cpu.measured };
}

const firstHolder = `ma_bench-${String(HOLDERS.firstMain).padStart(6, '0')}`;

/** Milliseconds from the end of the holds until half, 99 % and all of them are released; 0 without holds. */
async function untilAllEnded(pool: Pool, count: number) {
  const after = { halfAfterMs: 0, mostAfterMs: 0, lastAfterMs: 0 };
  if (count === 0) return after;
  const { rows } = await pool.query<{ ends: Date }>(
    `SELECT max(expires_at) AS ends FROM ledger.holds WHERE state = 'open' AND main_account_id >= $1`,
    [firstHolder],
  );
  const ends = (rows[0] as { ends: Date }).ends.getTime();
  for (;;) {
    await sleep(LOOK_EVERY_MS);
    const open = await pool.query<{ open: string }>(
      `SELECT count(*) AS open FROM ledger.holds WHERE state = 'open' AND main_account_id >= $1`,
      [firstHolder],
    );
    const left = Number(open.rows[0]?.open) / count;
    const ms = rounded(Date.now() - ends);
    if (left <= 0.5 && after.halfAfterMs === 0) after.halfAfterMs = ms;
    if (left <= 0.01 && after.mostAfterMs === 0) after.mostAfterMs = ms;
    if (left === 0) return { ...after, lastAfterMs: ms };
  }
}
