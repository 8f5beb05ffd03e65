import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createPool } from '@subledger/database';
import { ROOT } from '@subledger/service-kit/installed-services';
import { generateBooks } from '@subledger/testing';
import type { Pool } from 'pg';
import { withBench } from './bench.js';
import { atMost, ratio, rounded } from './figures.js';
import { RECONCILED } from './settings.js';

const run = promisify(execFile);
/** The target for "in seconds". */
const TARGET_SECONDS = 30;
const WITHIN_MS = 600_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** All checks of the operators' command over books of some size, compared with reading every row once. */
export async function benchReconcile(): Promise<Record<string, unknown>> {
  return withBench(async ({ environment, pool }) => {
    const now = new Date();
    const until = now.toISOString().slice(0, 7);
    const filling = createPool({
      url: environment.databaseUrl,
      schema: 'ledger',
      applicationName: 'bench',
      max: 1,
      statementTimeoutMs: WITHIN_MS,
    });
    const books = await generateBooks(filling, { ...RECONCILED, until });
    await filling.end();
    await pool.query('VACUUM (ANALYZE)');
    const floorSeconds = await readAll(pool);
    const started = performance.now();
    const result = await reconcile(environment.databaseUrl);
    const seconds = (performance.now() - started) / 1_000;
    const slowest = [...result.checks].sort((a, b) => b.seconds - a.seconds).slice(0, 3);
    return {
      ...books,
      checks: result.checks.length,
      violations: result.checks.reduce((sum, { violations }) => sum + violations, 0),
      seconds: rounded(seconds, 2),
      slowest: slowest.map(({ name, seconds: own }) => ({ name, seconds: rounded(own, 2) })),
      floor: { seconds: rounded(floorSeconds, 2) },
      floorToReconcile: ratio(floorSeconds, seconds),
      targets: [atMost('seconds', rounded(seconds, 2), TARGET_SECONDS)],
    };
  });
}

interface Result {
  readonly checks: readonly {
    readonly name: string;
    readonly violations: number;
    readonly seconds: number;
  }[];
}

async function reconcile(databaseUrl: string): Promise<Result> {
  const cli = join(ROOT, 'services/ledger/dist/operator/cli.js');
  const env = { ...process.env, DATABASE_URL: databaseUrl, KAFKA_BROKERS: 'none.invalid:9092' };
  const options = { env, timeout: WITHIN_MS, maxBuffer: MAX_OUTPUT_BYTES };
  const { stdout } = await run(process.execPath, [cli, 'reconcile', '--json'], options);
  return JSON.parse(stdout) as Result;
}

/** Seconds for every byte of the large tables, read once by one connection. */
async function readAll(pool: Pool): Promise<number> {
  const started = performance.now();
  for (const table of ['transfers', 'journal', 'charges', 'holds', 'refunds', 'commands'])
    await pool.query(`SELECT sum(hashtext(t::text)::bigint) FROM ledger.${table} t`);
  return (performance.now() - started) / 1_000;
}
