import { type MonthlyTables, withTransaction } from '@subledger/database';
import { type Logger, PeriodicTask, RETENTION_TIMES } from '@subledger/service-kit';
import type pg from 'pg';

export const LOG_PARTITIONS: MonthlyTables = {
  tables: ['message_log'],
  lock: 'gateway.message-log.partitions',
};

/** Days to keep statuses without a message, and refusals: longer than the topics keep their records. */
const KEEP_ASIDE_DAYS = 45;
/** Maximum milliseconds that writers wait for us. A download that reads the log makes us try again later. */
const LOCK_TIMEOUT_MS = 250;
/** Maximum rows per transaction. */
const CHUNK = 5_000;

export interface Dropped {
  /** Dropped months, `YYYY-MM`. */
  readonly months: string[];
  readonly messages: number;
}

/**
 * Deletes rows older than `keepMonths` months (UTC, including the month of `at`): log, ids, refunds and sums. Safe to
 * call at any time and by several instances. Locked tables are left to the next call.
 *
 *
 * @throws the database's error; rows deleted before it stay deleted
 */
export async function dropOldMessages(pool: pg.Pool, keepMonths: number, at: Date): Promise<Dropped> {
  const firstKept = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - keepMonths + 1, 1));
  const cutOff = firstKept.toISOString();
  const months: string[] = [];
  let messages = 0;
  for (const month of await monthsBefore(pool, cutOff)) {
    const partition = `message_log_${month.replace('-', '_')}`;
    if (!(await detach(pool, partition))) continue;
    messages += await forget(pool, partition);
    await pool.query(`DROP TABLE ${partition}`);
    months.push(month);
  }
  messages += await forget(pool, 'message_log_default', cutOff);
  await inChunks(pool, deletion('message_usage', 'quarter < $1'), [cutOff]);
  await dropAside(pool, at);
  return { months, messages };
}

/** Includes a month that an earlier, interrupted call had detached. */
async function monthsBefore(pool: pg.Pool, cutOff: string): Promise<string[]> {
  const { rows } = await pool.query<{ month: string }>(
    `SELECT to_char(month, 'YYYY-MM') AS month
      FROM (SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
          AND c.relname ~ '^message_log_\\d{4}_\\d{2}$') AS months
      WHERE month < ($1::timestamptz AT TIME ZONE 'UTC')::date ORDER BY month`,
    [cutOff],
  );
  return rows.map(({ month }) => month);
}

const LOCK_NOT_AVAILABLE = '55P03';

/** @returns false if the log is being read for longer than writers may wait */
async function detach(pool: pg.Pool, partition: string): Promise<boolean> {
  try {
    await withTransaction(pool, async (client) => {
      await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [LOG_PARTITIONS.lock]);
      const { rows } = await client.query<{ attached: boolean }>(
        'SELECT relispartition AS attached FROM pg_class WHERE oid = to_regclass($1)',
        [partition],
      );
      if (rows[0]?.attached) await client.query(`ALTER TABLE message_log DETACH PARTITION ${partition}`);
    });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

/** Deletes the rows of a table of the log, with the ids and refunds of their messages. */
async function forget(pool: pg.Pool, table: string, before?: string): Promise<number> {
  return inChunks(
    pool,
    `${deletion(table, before === undefined ? 'true' : 'sent_at < $1', 'main_account_id, message_id')},
      refunds AS (DELETE FROM message_refund r USING gone g
        WHERE r.main_account_id = g.main_account_id AND r.message_id = g.message_id),
      keys AS (DELETE FROM message_key k USING gone g
        WHERE k.main_account_id = g.main_account_id AND k.message_id = g.message_id)`,
    before === undefined ? [] : [before],
  );
}

async function dropAside(pool: pg.Pool, at: Date): Promise<void> {
  const before = new Date(at.getTime() - KEEP_ASIDE_DAYS * 86_400_000).toISOString();
  for (const table of ['message_early_status', 'message_refused', 'message_rival']) {
    await inChunks(pool, deletion(table, 'noted_at < $1'), [before]);
  }
}

/** The beginning of an SQL statement that deletes at most `CHUNK` rows, which are then `gone`. */
const deletion = (table: string, where: string, returning = '1 AS one'): string =>
  `WITH gone AS (DELETE FROM ${table}
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${where} LIMIT ${CHUNK})) RETURNING ${returning})`;

/**
 * Repeats a `deletion` until it finds no rows.
 * @returns the number of all deleted rows
 */
async function inChunks(pool: pg.Pool, statement: string, values: unknown[]): Promise<number> {
  for (let all = 0; ; ) {
    const text = `${statement} SELECT count(*)::int AS count FROM gone`;
    const { rows } = await pool.query<{ count: number }>(text, values);
    const count = rows[0]?.count ?? 0;
    if (count === 0) return all;
    all += count;
  }
}

/** Calls `dropOldMessages` a minute after the start and then every few hours. */
export const messageRetention = (pool: pg.Pool, keepMonths: number, log: Logger): PeriodicTask =>
  new PeriodicTask(
    async () => {
      const { months, messages } = await dropOldMessages(pool, keepMonths, new Date());
      if (messages > 0) log.info({ months, messages }, 'old messages dropped');
    },
    {
      ...RETENTION_TIMES,
      onError: (err) => log.warn({ err }, 'old messages could not be dropped, tried again later'),
    },
  );
