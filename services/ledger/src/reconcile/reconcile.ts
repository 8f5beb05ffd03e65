import { eventType } from '@subledger/contracts';
import { withTransaction } from '@subledger/database';
import type pg from 'pg';
import { createEventsTable, unpackJournal } from '../journal/unpack.js';
import { BALANCE_QUERIES } from './balance-checks.js';
import { JOURNAL_QUERIES } from './journal-checks.js';
import { messages } from './message-checks.js';
import type { ReconciliationQuery } from './query.js';
import type { CheckResult, Example, Reconciliation } from './reconciliation.js';
import { inMonths, own, type Scope } from './scope.js';
import { SEQUENCE_QUERIES } from './sequence-checks.js';
import { STATE_QUERIES } from './state-checks.js';
import { STATEMENT_QUERIES } from './statement-checks.js';

const QUERIES: readonly ReconciliationQuery[] = [
  ...BALANCE_QUERIES,
  ...SEQUENCE_QUERIES,
  messages,
  ...JOURNAL_QUERIES,
  ...STATEMENT_QUERIES,
  ...STATE_QUERIES,
];

export interface ReconcileOptions {
  /** Checks only this main account, through indexes, for any size of the books. */
  readonly mainAccountId?: string;
  /**
   * `YYYY-MM` (UTC): checks only transfers and events from this month on. Statements are left out, because they need
   * whole periods.
   */
  readonly since?: string;
  /** Maximum examples per check. Default 5. */
  readonly examples?: number;
  /** Memory for sorting and hashing, per step of a query. More goes to temporary files. Default 64. */
  readonly workMemMb?: number;
  /** Additional processes per query. Default 0, so that the ledger's traffic has priority. */
  readonly workers?: number;
  /** Milliseconds per query. Default 30 minutes. */
  readonly statementTimeoutMs?: number;
}

/**
 * Checks the invariants of the books (design, section 3) on live data. All queries use the same snapshot, and only
 * the detaching of a month waits for them.
 * @param pool one connection of it is used; its client-side time-out must be long enough for the queries
 */
export async function reconcile(pool: pg.Pool, options: ReconcileOptions = {}): Promise<Reconciliation> {
  const started = performance.now();
  return withTransaction(
    pool,
    async (client) => {
      await prepare(client, options);
      const scope = await scopeOf(client, options);
      const { rows } = await client.query<Omit<Reconciliation, 'seconds' | 'checks'>>(summary(scope));
      const checks: CheckResult[] = [await readJournal(client, scope, options.examples ?? 5)];
      for (const query of QUERIES) checks.push(...(await run(client, query, scope, options.examples ?? 5)));
      const seconds = secondsSince(started);
      return { ...(rows[0] as (typeof rows)[0]), seconds, checks };
    },
    { isolation: 'repeatable read' },
  );
}

/**
 * Allows all kinds of plans, whatever the pool has set, and switches off JIT compilation, which takes seconds with
 * many partitions. The tables are locked (as every SELECT does) before the snapshot is taken: otherwise a month that
 * is detached in between would be in neither the partitions nor the closing balances.
 */
async function prepare(client: pg.PoolClient, options: ReconcileOptions): Promise<void> {
  const { workMemMb = 64, workers = 0, statementTimeoutMs = 30 * 60_000 } = options;
  await client.query('LOCK TABLE journal, transfers IN ACCESS SHARE MODE');
  await createEventsTable(client);
  await client.query(`
    SET TRANSACTION READ ONLY;
    SET LOCAL statement_timeout = ${Math.trunc(statementTimeoutMs)};
    SET LOCAL work_mem = '${Math.trunc(workMemMb)}MB';
    SET LOCAL max_parallel_workers_per_gather = ${Math.trunc(workers)};
    SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on;
    SET LOCAL enable_memoize = off; SET LOCAL enable_incremental_sort = off;
    SET LOCAL jit = off`);
}

/** Types whose payload no check reads: most events. */
const WITHOUT_PAYLOAD = new Set(
  (['message.charged', 'message.credited', 'limit.exceeded'] as const).map((name) => eventType(name)),
);

/**
 * Makes the events of the scope rows of a temporary table, which the queries read. A damaged block is a violation, and
 * so are its events, which are missing from the table.
 */
async function readJournal(client: pg.PoolClient, scope: Scope, examples: number): Promise<CheckResult> {
  const started = performance.now();
  const damaged: Example[] = [];
  await unpackJournal(client, {
    mainAccountId: scope.mainAccountId,
    since: scope.since,
    withoutPayload: WITHOUT_PAYLOAD,
    onDamage: ({ block, message }) =>
      damaged.push({ lane: block.lane, first_sequence: String(block.firstSequence), problem: message }),
  });
  return {
    name: 'journal-blocks',
    invariant: 4,
    meaning: 'A block of the journal is damaged: its events cannot be read',
    violations: damaged.length,
    examples: damaged.slice(0, examples),
    seconds: secondsSince(started),
  };
}

async function scopeOf(client: pg.PoolClient, { mainAccountId, since }: ReconcileOptions): Promise<Scope> {
  const { rows } = await client.query<{ month: string | null }>(
    'SELECT max(month) AS month FROM detached_months',
  );
  const month = rows[0]?.month ?? null;
  return {
    mainAccountId: mainAccountId ?? null,
    since: since === undefined ? null : monthStart(since),
    detachedUntil: month === null ? null : monthStart(month, 1),
  };
}

/**
 * First instant (ISO) of a month in UTC.
 * @throws RangeError if the text is not `YYYY-MM`
 */
function monthStart(month: string, later = 0): string {
  const [, year, number] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === undefined) throw new RangeError(`not a month: ${JSON.stringify(month)}`);
  return new Date(Date.UTC(Number(year), Number(number) - 1 + later)).toISOString();
}

const summary = (scope: Scope): string => `
  SELECT to_char(transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "startedAt",
    (SELECT count(*) FROM transfers t WHERE ${own(scope, 't')} AND ${inMonths({ ...scope, detachedUntil: null }, 't')})::float8 AS transfers,
    (SELECT count(*) FROM main_accounts m WHERE ${own(scope, 'm')})::float8 AS "mainAccounts"`;

interface FoundRow {
  readonly name: string;
  readonly violations: number;
  readonly found: Example;
}

async function run(
  client: pg.PoolClient,
  { checks, sql }: ReconciliationQuery,
  scope: Scope,
  examples: number,
): Promise<CheckResult[]> {
  const select = sql(scope);
  if (select === null) return [];
  const started = performance.now();
  const { rows } = await client.query<FoundRow>(
    `SELECT name, violations, found FROM (
      SELECT name, found, count(*) OVER (PARTITION BY name)::int AS violations,
        row_number() OVER (PARTITION BY name ORDER BY main_account_id, found) AS number
      FROM (${select}) AS violations
    ) AS numbered WHERE number <= $1 ORDER BY name, number`,
    [examples],
  );
  const seconds = secondsSince(started);
  return checks.map((check) => {
    const own = rows.filter(({ name }) => name === check.name);
    return {
      ...check,
      violations: own[0]?.violations ?? 0,
      examples: own.map(({ found }) => found),
      seconds,
    };
  });
}

const secondsSince = (started: number): number => Math.round(performance.now() - started) / 1_000;
