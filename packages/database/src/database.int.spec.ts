import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { columns } from './columns.js';
import { isConnectionError, sqlState } from './connection-errors.js';
import { createPool } from './pool.js';
import { CommitInDoubtError, withTransaction } from './transaction.js';

const url = process.env.TEST_DATABASE_URL ?? '';
const schema = `database_${process.pid}_${Date.now()}`;
const settings = { url, schema, applicationName: 'database-test', max: 3 };

let pool: pg.Pool;
let admin: pg.Pool;

beforeAll(async () => {
  admin = createPool({ ...settings, schema: 'public', max: 1 });
  await admin.query(`CREATE SCHEMA ${schema}`);
  pool = createPool(settings);
  await pool.query('CREATE TABLE thing (id text PRIMARY KEY, millipoints bigint NOT NULL, day date)');
});

afterAll(async () => {
  await pool?.end();
  await admin?.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await admin?.end();
});

const count = async (id: string): Promise<number> =>
  (await pool.query('SELECT 1 FROM thing WHERE id LIKE $1', [`${id}%`])).rowCount ?? 0;

describe('createPool', () => {
  test('unqualified names are those of the schema', async () => {
    const { rows } = await admin.query(
      `SELECT relname FROM pg_class WHERE relnamespace = '${schema}'::regnamespace`,
    );
    expect(rows).toContainEqual({ relname: 'thing' });
  });

  test('sessions are in UTC and bounded in time', async () => {
    const show = async (name: string): Promise<unknown> => (await pool.query(`SHOW ${name}`)).rows[0][name];
    expect((await pool.query('SHOW timezone')).rows[0].TimeZone).toBe('UTC');
    expect(await show('statement_timeout')).toBe('30s');
    expect(await show('lock_timeout')).toBe('10s');
    expect(await show('idle_in_transaction_session_timeout')).toBe('30s');
    expect(await show('application_name')).toBe('database-test');
  });

  test('int8 is a bigint beyond the safe integers, a date its text; other pools are not affected', async () => {
    const huge = 9_007_199_254_740_993n;
    const { rows } = await pool.query(
      "SELECT $1::bigint AS one, ARRAY[$1::bigint, NULL] AS many, DATE '2026-03-01' AS day",
      [huge],
    );
    expect(rows[0]).toEqual({ one: huge, many: [huge, null], day: '2026-03-01' });
  });

  test('a statement beyond its time-out is cancelled, and the connection stays usable', async () => {
    const hasty = createPool({ ...settings, max: 1, statementTimeoutMs: 50 });
    const error = await hasty.query('SELECT pg_sleep(10)').catch((e: unknown) => e);
    expect(sqlState(error)).toBe('57014');
    expect(isConnectionError(error)).toBe(false);
    expect((await hasty.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await hasty.end();
  });

  test('survives the loss of idle and of busy connections', async () => {
    const lost: Error[] = [];
    const fragile = createPool({
      ...settings,
      applicationName: 'fragile',
      onIdleError: (error) => lost.push(error),
    });
    await fragile.query('SELECT 1');
    const busy = fragile.query('SELECT pg_sleep(30)').catch((e: unknown) => e);
    const held = await fragile.connect(); // Between two queries: its 'error' has no listener of a query.
    await held.query('SELECT 1');
    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fragile'",
    );
    expect(isConnectionError(await busy)).toBe(true);
    expect(isConnectionError(await held.query('SELECT 1').catch((e: unknown) => e))).toBe(true);
    held.release(true);
    expect((await fragile.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await fragile.end();
  });
});

describe('withTransaction', () => {
  test('commits what it returns from, with rows as columns', async () => {
    const rows = Array.from({ length: 1000 }, (_, i) => ({ id: `many-${i}`, millipoints: BigInt(i) }));
    const inserted = await withTransaction(pool, (client) =>
      client.query(
        'INSERT INTO thing (id, millipoints) SELECT * FROM unnest($1::text[], $2::bigint[])',
        columns(
          rows,
          (row) => row.id,
          (row) => row.millipoints,
        ),
      ),
    );
    expect(inserted.rowCount).toBe(1000);
    expect(await count('many-')).toBe(1000);
  });

  test('rolls back what it throws out of, and rethrows that', async () => {
    const boom = new Error('boom');
    const attempt = withTransaction(pool, async (client) => {
      await client.query("INSERT INTO thing VALUES ('rolled', 1)");
      throw boom;
    });
    await expect(attempt).rejects.toBe(boom);
    expect(await count('rolled')).toBe(0);
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  test('a swallowed error of a statement does not pass for a commit', async () => {
    const attempt = withTransaction(pool, async (client) => {
      await client.query("INSERT INTO thing VALUES ('swallowed', 1)");
      await client.query('SELECT nonsense').catch(() => {});
    });
    await expect(attempt).rejects.toThrow('rolled back');
    expect(await count('swallowed')).toBe(0);
  });

  test('takes the isolation level', async () => {
    const level = await withTransaction(pool, (client) => client.query('SHOW transaction_isolation'), {
      isolation: 'serializable',
    });
    expect(level.rows[0].transaction_isolation).toBe('serializable');
  });

  test('a connection lost inside is destroyed, not pooled', async () => {
    const attempt = withTransaction(pool, async (client) => {
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
      await admin.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
      await client.query('SELECT 1');
    });
    expect(isConnectionError(await attempt.catch((e: unknown) => e))).toBe(true);
    for (let i = 0; i < 5; i += 1) await pool.query('SELECT 1');
  });

  test('a connection lost during COMMIT is reported as in doubt', async () => {
    const attempt = withTransaction(pool, async (client) => {
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
      await admin.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    });
    const error = await attempt.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CommitInDoubtError);
    expect(isConnectionError(error)).toBe(true);
  });
});
