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
  await pool.query(`UPDATE ledger.holds SET expires_at = now() + interval '1 day' WHERE state = 'open'`);
  const ledger = await environment.startLedger();
  await untilLanesRun(ledger, environment.partitions);
  await pool.query(
    `UPDATE ledger.holds SET expires_at = now() + make_interval(secs => $1) WHERE state = 'open'
       AND main_account_id >= $2`,
    [END_AFTER_SECONDS, firstHolder],
  );
  const ended = untilAllEnded(pool);
  const { latencyMs, cpu } = await measureLatency(bench, ledger, TOPICS, SIZES);
  const lastAfterMs = await ended;
  return { holds: count, lastAfterMs, ...(await lateness(pool)), latencyMs, ledgerCores: cpu.measured };
}

const firstHolder = `ma_bench-${String(HOLDERS.firstMain).padStart(6, '0')}`;

/** @returns milliseconds from the end of the holds until none is open; 0 without holds */
async function untilAllEnded(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ ends: Date | null }>(
    `SELECT max(expires_at) AS ends FROM ledger.holds WHERE state = 'open' AND main_account_id >= $1`,
    [firstHolder],
  );
  const ends = rows[0]?.ends;
  if (!ends) return 0;
  for (;;) {
    await sleep(LOOK_EVERY_MS);
    const { rowCount } = await pool.query(
      `SELECT 1 FROM ledger.holds WHERE state = 'open' AND main_account_id >= $1 LIMIT 1`,
      [firstHolder],
    );
    if (rowCount === 0) return rounded(Date.now() - ends.getTime());
  }
}

/** From the end of a hold until it was decided, of the holds that have ended. They are removed. */
async function lateness(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ p50: number | null; p99: number | null }>(
    `WITH ended AS (DELETE FROM ledger.holds WHERE main_account_id >= $1 AND state = 'released' RETURNING at, expires_at)
     SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM at - expires_at) * 1000)::float8 AS p50,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM at - expires_at) * 1000)::float8 AS p99
     FROM ended`,
    [firstHolder],
  );
  return { p50AfterMs: rounded(rows[0]?.p50 ?? 0), p99AfterMs: rounded(rows[0]?.p99 ?? 0) };
}
