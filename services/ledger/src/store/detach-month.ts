import { setTimeout as sleep } from 'node:timers/promises';
import { eventType } from '@subledger/contracts';
import { sqlState, withTransaction } from '@subledger/database';
import type pg from 'pg';
import { createEventsTable, EVENTS_TABLE, unpackJournal } from '../journal/unpack.js';
import { MONTHLY_TABLES, PARTITIONS_LOCK } from './partitions.js';

/** Default number of months that stay attached, including the current one. */
export const DEFAULT_KEEP_MONTHS = 13;
/** The previous month is never detached, because records of it may still wait in the log. */
const MIN_KEEP_MONTHS = 2;
/** Within this time, a repeated command gets its first outcome. */
const DEFAULT_KEEP_COMMANDS_DAYS = 60;

/** Maximum milliseconds that writers wait for one attempt. */
const DETACH_LOCK_TIMEOUT_MS = 250;
const DETACH_ATTEMPTS = 60;
const DETACH_PAUSE_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03';
/** Most events. They are the outcome of no command. */
const NEVER_OUTCOMES = new Set(
  (['message.charged', 'message.credited', 'limit.exceeded'] as const).map((name) => eventType(name)),
);
const IN_USE =
  'Somebody has been reading the tables all the time (a backup, a reconciliation): try again later';

export interface DetachOptions {
  /** Months that stay attached, including the current one. Default 13, at least 2. */
  readonly keepMonths?: number;
  /** Minimum days to keep commands, whatever their month. Default 60. */
  readonly keepCommandsDays?: number;
  /** Drops the two tables. Otherwise they stay in the schema for archiving. */
  readonly drop?: boolean;
}

export interface DetachedMonth {
  readonly month: string;
  readonly transfers: number;
  readonly events: number;
  /** Rows deleted with the month. */
  readonly deleted: {
    readonly commands: number;
    readonly charges: number;
    readonly refunds: number;
    readonly holds: number;
  };
}

/** The month cannot be detached. The message says why. Nothing was changed. */
export class DetachRefusedError extends Error {
  override readonly name = 'DetachRefusedError';
}

/**
 * Detaches the oldest month from journal and transfers, in one transaction. Its sums are added to the closing
 * balances, and its commands, charges, refunds and resolved holds are deleted. Booking continues meanwhile: writers
 * only wait for the last step, at most a quarter of a second at a time.
 *
 * A refund that is booked at this moment for a message of that month would restore its charge. So keep more months
 * than refunds may be late.
 * @param month `YYYY-MM` in UTC, like the partitions
 * @throws DetachRefusedError
 */
export async function detachMonth(
  pool: pg.Pool,
  month: string,
  options: DetachOptions = {},
): Promise<DetachedMonth> {
  const {
    keepMonths = DEFAULT_KEEP_MONTHS,
    keepCommandsDays = DEFAULT_KEEP_COMMANDS_DAYS,
    drop = false,
  } = options;
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    throw new DetachRefusedError(`"${month}" is not a month (YYYY-MM)`);
  if (!Number.isInteger(keepMonths) || keepMonths < MIN_KEEP_MONTHS) {
    throw new DetachRefusedError(`At least ${MIN_KEEP_MONTHS} months must be kept`);
  }
  return withTransaction(pool, async (client) => {
    await prepare(client);
    const [journal, transfers] = tablesOf(month);
    await refuseYoung(client, month, keepMonths);
    await refuseNotOldest(client, month);
    // From here on nobody can add rows to the month, so its sums are final.
    await client.query(`LOCK TABLE ${journal}, ${transfers} IN SHARE MODE`);
    await refuseStrays(client, month);
    await refuseUnpublished(client, journal, month);
    await createEventsTable(client);
    await unpackJournal(client, { table: journal, withoutPayload: NEVER_OUTCOMES });
    await addClosings(client, transfers);
    const counts = await noteMonth(client, month, transfers);
    const deleted = await deleteMessagesAndCommands(client, month, keepCommandsDays);
    await detach(client, month);
    if (drop) await client.query(`DROP TABLE ${journal}, ${transfers}`);
    return { month, ...counts, deleted };
  });
}

const tablesOf = (month: string): [journal: string, transfers: string] => {
  const [journal, transfers] = MONTHLY_TABLES.map((table) => `${table}_${month.replace('-', '_')}`);
  return [journal as string, transfers as string];
};

/** SQL of the first instant after a month. */
const endOf = (month: string): string => `((DATE '${month}-01' + INTERVAL '1 month') AT TIME ZONE 'UTC')`;

/** Whole months are read and joined here, so allow all plans, whatever the pool has set. */
async function prepare(client: pg.PoolClient): Promise<void> {
  await client.query(`
    SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off;
    SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on;
    SELECT pg_advisory_xact_lock(hashtext('${PARTITIONS_LOCK}'))`);
}

async function refuseYoung(client: pg.PoolClient, month: string, keepMonths: number): Promise<void> {
  const { rows } = await client.query<{ latest: string }>(
    "SELECT to_char((now() AT TIME ZONE 'UTC') - $1::int * INTERVAL '1 month', 'YYYY-MM') AS latest",
    [keepMonths],
  );
  const latest = rows[0]?.latest ?? '';
  if (month > latest) {
    throw new DetachRefusedError(
      `${month} is too young: with ${keepMonths} months kept, ${latest} is the latest`,
    );
  }
}

async function refuseNotOldest(client: pg.PoolClient, month: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = ANY (ARRAY['journal', 'transfers']::regclass[]) AND c.relname ~ '_\\d{4}_\\d{2}$' ORDER BY 1`,
  );
  const months = [...new Set(rows.map(({ name }) => name.slice(-'YYYY_MM'.length).replace('_', '-')))].sort();
  if (!months.includes(month)) throw new DetachRefusedError(`${month} is not attached`);
  if (months[0] !== month)
    throw new DetachRefusedError(`${months[0]} is older than ${month} and still attached`);
}

/** Rows of that time in a default partition would be missing from the sums. */
async function refuseStrays(client: pg.PoolClient, month: string): Promise<void> {
  for (const table of MONTHLY_TABLES) {
    const { rows } = await client.query(`SELECT FROM ${table}_default WHERE at < ${endOf(month)} LIMIT 1`);
    if (rows.length > 0) {
      throw new DetachRefusedError(
        `${table}_default has rows of ${month} or before: they belong into a partition first`,
      );
    }
  }
}

async function refuseUnpublished(client: pg.PoolClient, journal: string, month: string): Promise<void> {
  const { rows } = await client.query<{ lane: number }>(
    `SELECT l.lane FROM lanes l WHERE EXISTS
      (SELECT FROM ${journal} j WHERE j.lane = l.lane AND j.last_sequence > l.published_sequence) ORDER BY 1`,
  );
  if (rows.length > 0) {
    const lanes = rows.map(({ lane }) => lane).join(', ');
    throw new DetachRefusedError(`${month} has events that are not published yet (lanes ${lanes})`);
  }
}

/** Adds the month's sums that are not 0, and its counts. */
async function addClosings(client: pg.PoolClient, transfers: string): Promise<void> {
  await client.query(`
    INSERT INTO closing_balances AS c (main_account_id, account, balance)
    SELECT main_account_id, account, sum(moved) FROM (
      SELECT main_account_id, credit_account AS account, amount AS moved FROM ${transfers}
      UNION ALL SELECT main_account_id, debit_account, -amount FROM ${transfers}) AS moves
    GROUP BY 1, 2 HAVING sum(moved) <> 0
    ON CONFLICT (main_account_id, account) DO UPDATE SET balance = c.balance + excluded.balance`);
  await client.query('DELETE FROM closing_balances WHERE balance = 0');
  await client.query(`
    INSERT INTO closing_counts AS c (main_account_id, transfers, events, last_transfer, last_period)
    SELECT main_account_id, sum(transfers), sum(events), max(last), max(period) FROM (
      SELECT main_account_id, count(*) AS transfers, 0 AS events, max(sequence) AS last, max(period) AS period
      FROM ${transfers} GROUP BY 1
      UNION ALL SELECT main_account_id, 0, count(*), 0, '' FROM ${EVENTS_TABLE} GROUP BY 1) AS counts
    GROUP BY 1
    ON CONFLICT (main_account_id) DO UPDATE SET transfers = c.transfers + excluded.transfers,
      events = c.events + excluded.events, last_transfer = greatest(c.last_transfer, excluded.last_transfer),
      last_period = greatest(c.last_period, excluded.last_period)`);
}

async function noteMonth(
  client: pg.PoolClient,
  month: string,
  transfers: string,
): Promise<{ transfers: number; events: number }> {
  const { rows } = await client.query<{ transfers: number; events: number }>(
    `INSERT INTO detached_months (month, transfers, events)
      SELECT $1, (SELECT count(*) FROM ${transfers}), (SELECT count(*) FROM ${EVENTS_TABLE})
      RETURNING transfers::float8 AS transfers, events::float8 AS events`,
    [month],
  );
  return rows[0] as { transfers: number; events: number };
}

/**
 * Deletes the rows that made things happen once within the month. A charge stays until the month of its last refund
 * is detached, so that its refunds always add up. Refunds are deleted with their charge. A command that is kept
 * longer keeps its outcome, which was in the journal. Open holds and their points stay (with a closing balance of
 * their own).
 */
async function deleteMessagesAndCommands(
  client: pg.PoolClient,
  month: string,
  keepCommandsDays: number,
): Promise<DetachedMonth['deleted']> {
  const end = endOf(month);
  const countOf = async (sql: string) => (await client.query(sql)).rowCount ?? 0;
  const commands = await countOf(
    `DELETE FROM commands WHERE at < least(${end}, now() - ${keepCommandsDays} * INTERVAL '1 day')`,
  );
  await client.query(
    `UPDATE commands c SET payload = e.payload, lane_sequence = NULL FROM ${EVENTS_TABLE} e
      WHERE c.at < ${end} AND e.lane = c.lane AND e.lane_sequence = c.lane_sequence`,
  );
  const charges = await countOf(
    `DELETE FROM charges c WHERE c.at < ${end} AND NOT EXISTS (SELECT FROM refunds r
      WHERE r.main_account_id = c.main_account_id AND r.message_id = c.message_id AND r.at >= ${end})`,
  );
  const refunds = await countOf(
    `DELETE FROM refunds r WHERE r.at < ${end} AND NOT EXISTS (SELECT FROM charges c
      WHERE c.main_account_id = r.main_account_id AND c.message_id = r.message_id)`,
  );
  const holds = await countOf(`DELETE FROM holds WHERE state <> 'open' AND at < ${end}`);
  return { commands, charges, refunds, holds };
}

/**
 * PostgreSQL needs an exclusive lock on both tables for a moment. While it waits for running transactions, all later
 * ones wait for it. So it gives up soon, lets them pass, and tries again. The work before this step is kept.
 */
async function detach(client: pg.PoolClient, month: string): Promise<void> {
  const statements = MONTHLY_TABLES.map(
    (table, index) => `ALTER TABLE ${table} DETACH PARTITION ${tablesOf(month)[index]}`,
  );
  await client.query(`SET LOCAL lock_timeout = ${DETACH_LOCK_TIMEOUT_MS}`);
  for (let attempt = 1; ; attempt += 1) {
    await client.query('SAVEPOINT detach');
    try {
      for (const statement of statements) await client.query(statement);
      return;
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
      if (attempt === DETACH_ATTEMPTS) throw new DetachRefusedError(IN_USE);
      await client.query('ROLLBACK TO SAVEPOINT detach');
      await sleep(DETACH_PAUSE_MS);
    }
  }
}
