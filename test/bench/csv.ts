import { get } from 'node:http';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createPool } from '@subledger/database';
import type { Pool } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { withBench } from './bench.js';
import { addressOf, OPERATOR_KEY } from './environment.js';
import { atLeast, atMost, ratio, rounded } from './figures.js';
import type { RunningService } from './service-process.js';
import { CSV_MEMORY_TARGET_MB, CSV_ROWS } from './settings.js';

const MAIN = 'ma_bench-csv';
/** Of each; the median counts. */
const RUNS = 3;

/**
 * Rows per second of the gateway's CSV, read by a client on the same machine. The floor is PostgreSQL's own COPY of
 * the same columns and rows in the same order, measured alternately: as stored, without formats or neutralization.
 */
export async function benchCsv(): Promise<Record<string, unknown>> {
  return withBench(async ({ environment }) => {
    const { databaseUrl: url } = environment;
    // Without the client-side time-out, because `pg` would not clear it at the end of a COPY.
    const pool = createPool({
      url,
      schema: 'gateway',
      applicationName: 'bench',
      max: 1,
      statementTimeoutMs: 0,
    });
    await fill(pool, CSV_ROWS);
    const gateway = await environment.startGateway();
    const beforeMb = await gateway.memoryMb();
    const floors: number[] = [];
    const downloads: number[] = [];
    let bytes = 0;
    for (let run = 0; run < RUNS; run += 1) {
      floors.push(CSV_ROWS / (await copySeconds(pool)));
      const download = await downloadSeconds(gateway);
      bytes = download.bytes;
      downloads.push(CSV_ROWS / download.seconds);
    }
    await pool.end();
    const peakMemoryMb = rounded(await gateway.peakMemoryMb());
    const ratioToFloor = ratio(median(downloads), median(floors));
    return {
      rows: CSV_ROWS,
      megabytes: rounded(bytes / 1e6),
      rowsPerSecond: rounded(median(downloads)),
      floorRowsPerSecond: rounded(median(floors)),
      ratioToFloor,
      idleMemoryMb: rounded(beforeMb),
      peakMemoryMb,
      targets: [
        atLeast('ratioToFloor', ratioToFloor, 0.5),
        atMost('peakMemoryMb', peakMemoryMb, CSV_MEMORY_TARGET_MB),
      ],
    };
  });
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

/** A customer with ten sub-accounts whose messages were sent over the last 20 days, all delivered. */
async function fill(pool: Pool, rows: number): Promise<void> {
  await pool.query(`INSERT INTO main_account (id, name, login_key) VALUES ($1, 'Bench', 'bench')`, [MAIN]);
  await pool.query(
    `INSERT INTO main_account_state (main_account_id, generation, sequence, at, plan, time_zone, funding_policy, feature,
        suspended, period, next_month_start, balance, allocated, held, purchased, used, active_sub_accounts)
      VALUES ($1, 1, 1, now(), 'prepay', 'Asia/Tokyo', 'full', 'active', false, '2026-11', now(), 0, 0, 0, 0, 0, 10)`,
    [MAIN],
  );
  await pool.query(
    `INSERT INTO sub_account (main_account_id, id, name, password_hash)
      SELECT $1, 'sa_bench-' || n, 'Department' || n, '' FROM generate_series(0, 9) AS n`,
    [MAIN],
  );
  await pool.query(
    `INSERT INTO message_log (main_account_id, sent_at, message_id, sub_account_id, sender, recipient, content, segments,
        millipoints, refunded, status, status_at, delivery_end_at, source_partition, source_offset)
      SELECT $1, sent_at, 'msg_' || md5(n::text), 'sa_bench-' || n % 10, '+815012345678',
        '+8190' || lpad(n::text, 8, '0'), 'ご予約の確認です。明日10時にお待ちしております。' || n,
        1, 1200, CASE WHEN n % 50 = 0 THEN 1200 ELSE 0 END, 'MESSAGE_DELIVERY_COMPLETE', sent_at + INTERVAL '3 seconds',
        sent_at + INTERVAL '3 seconds', 0, n
      FROM (SELECT n, now() - (20 * 86400.0 * (1 - n::float8 / $2)) * INTERVAL '1 second' AS sent_at
        FROM generate_series(1, $2::int) AS n) AS numbered`,
    [MAIN, rows],
  );
  await pool.query('VACUUM (ANALYZE) message_log');
}

async function copySeconds(pool: Pool): Promise<number> {
  const client = await pool.connect();
  try {
    const began = performance.now();
    const rows = client.query(
      copyTo(`COPY (SELECT sub_account_id, sent_at, status_at, delivery_end_at, message_id, recipient, sender, content,
        status, millipoints - refunded, shortlink_status, shortlink_url FROM message_log
        WHERE main_account_id = '${MAIN}' ORDER BY sent_at, message_id) TO STDOUT (FORMAT csv)`),
    );
    await pipeline(rows, new Writable({ write: (_chunk, _encoding, done) => done() }));
    return (performance.now() - began) / 1_000;
  } finally {
    client.release();
  }
}

function downloadSeconds(gateway: RunningService): Promise<{ seconds: number; bytes: number }> {
  const began = performance.now();
  const url = `${addressOf(gateway)}/v1/main-accounts/${MAIN}/messages.csv`;
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${OPERATOR_KEY}` };
    get(url, { headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the download answered ${response.statusCode}`));
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ seconds: (performance.now() - began) / 1_000, bytes }));
    }).once('error', reject);
  });
}
