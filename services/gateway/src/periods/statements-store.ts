import type { PeriodLine, PeriodStatementView, StatementLine } from '@subledger/contracts';
import { formatPoints, nextPeriod } from '@subledger/core';
import { withTransaction } from '@subledger/database';
import type pg from 'pg';
import { decodeCursor, page } from '../database/cursor.js';
import { ProblemError } from '../request/problem.js';
import { type FIGURES, statementRows, statementTotals } from './statement-rows.js';

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}
type Figures = Record<(typeof FIGURES)[number], bigint> & {
  readonly opening: bigint | null;
  readonly limit_points: bigint;
};
type LineRow = Figures & {
  readonly sub_account_id: string;
  readonly name: string;
  readonly closed_at: Date | null;
};

/** All rows of one answer are of the same moment. */
const ONE_MOMENT = { isolation: 'repeatable read' } as const;

/** Statements of main accounts' periods, from the read model. */
export class StatementsStore {
  constructor(private readonly pool: pg.Pool) {}

  /** Latest first. */
  list(mainAccountId: string, query: PageQuery): Promise<{ items: PeriodLine[]; nextCursor: string | null }> {
    const list = 'periods';
    const [before] = decodeCursor(query.cursor, list, 1) ?? [];
    return withTransaction(
      this.pool,
      async (client) => {
        const periods = await periodsBefore(client, mainAccountId, before, query.limit + 1);
        const lines = await periodLines(client, mainAccountId, periods);
        return page(
          lines,
          query.limit,
          (line) => line,
          ({ period }) => ({ list, keys: [period] }),
        );
      },
      ONE_MOMENT,
    );
  }

  /** @throws ProblemError `not-found` if the main account has no such period */
  async assertThere(mainAccountId: string, period: string): Promise<void> {
    await assertThere(this.pool, mainAccountId, period);
  }

  /** @throws ProblemError `not-found` if the main account has no such period */
  statement(mainAccountId: string, period: string, query: PageQuery): Promise<PeriodStatementView> {
    const list = `statement:${period}`;
    const [after] = decodeCursor(query.cursor, list, 1) ?? [];
    return withTransaction(
      this.pool,
      async (client) => {
        await assertThere(client, mainAccountId, period);
        const [line] = await periodLines(client, mainAccountId, [period]);
        const rows = await linesAfter(client, mainAccountId, period, after ?? '', query.limit + 1);
        const { items, nextCursor } = page(rows, query.limit, toLine, (row) => ({
          list,
          keys: [row.sub_account_id],
        }));
        const totals = await totalsOf(client, mainAccountId, period);
        return { ...(line as PeriodLine), totals, items, nextCursor };
      },
      ONE_MOMENT,
    );
  }
}

type Client = Pick<pg.ClientBase, 'query'>;

/** No period comes after it. */
const AFTER_ALL = '9999-99';
const TABLES = ['period_statement', 'period_late_fact', 'period_start'];

/**
 * Periods that have a statement or have begun, latest first. Each is searched from the one before it, by the indexes,
 * because there are few periods with very many rows each.
 */
async function periodsBefore(
  client: Client,
  mainAccountId: string,
  before: string | undefined,
  limit: number,
): Promise<string[]> {
  const latestBefore = (bound: string) =>
    `greatest(${TABLES.map(
      (table) => `(SELECT max(period) FROM ${table} WHERE main_account_id = $1 AND period < ${bound})`,
    ).join(', ')})`;
  const { rows } = await client.query<{ period: string }>(
    `WITH RECURSIVE periods (period) AS (
       SELECT ${latestBefore('$2')} UNION ALL SELECT ${latestBefore('p.period')} FROM periods p WHERE p.period IS NOT NULL)
     SELECT period FROM periods WHERE period IS NOT NULL LIMIT $3`,
    [mainAccountId, before ?? AFTER_ALL, limit],
  );
  return rows.map((row) => row.period);
}

async function assertThere(client: Client, mainAccountId: string, period: string): Promise<void> {
  const own = (table: string) => `EXISTS (SELECT FROM ${table} WHERE main_account_id = $1 AND period = $2)`;
  const { rows } = await client.query<{ is_there: boolean }>(
    `SELECT ${[...TABLES, 'main_account_state'].map(own).join(' OR ')} AS is_there`,
    [mainAccountId, period],
  );
  if (!rows[0]?.is_there) throw ProblemError.notFound();
}

/**
 * A period is closed once all events of its month start have arrived: the summary, which starts the next period,
 * comes after every sub-account's closing.
 */
async function periodLines(
  client: Client,
  mainAccountId: string,
  periods: readonly string[],
): Promise<PeriodLine[]> {
  const { rows: periodStarts } = await client.query<{ period: string; balance: bigint | null }>(
    'SELECT period, balance FROM period_start WHERE main_account_id = $1 AND period = ANY($2)',
    [mainAccountId, [...periods, ...periods.map(nextPeriod)]],
  );
  const { rows: open } = await client.query<{ period: string }>(
    `SELECT least(m.period, (SELECT max(period) FROM period_start WHERE main_account_id = $1)) AS period
       FROM main_account_state m WHERE m.main_account_id = $1`,
    [mainAccountId],
  );
  const balances = new Map(periodStarts.map(({ period, balance }) => [period, balance]));
  const balanceAt = (period: string) => orNull(balances.get(period) ?? null);
  return periods.map((period) => ({
    period,
    closed: period < (open[0]?.period ?? ''),
    openingBalance: balanceAt(period),
    closingBalance: balanceAt(nextPeriod(period)),
  }));
}

async function linesAfter(
  client: Client,
  mainAccountId: string,
  period: string,
  after: string,
  limit: number,
): Promise<LineRow[]> {
  const { rows } = await client.query<LineRow>(
    `SELECT r.*, coalesce(s.name, r.sub_account_id) AS name
       FROM (${statementRows({ mainAccountId: '$1', period: '$2', after: '$3' })} ORDER BY sub_account_id LIMIT $4) AS r
       LEFT JOIN sub_account s ON s.main_account_id = $1 AND s.id = r.sub_account_id
      ORDER BY r.sub_account_id`,
    [mainAccountId, period, after, limit],
  );
  return rows;
}

async function totalsOf(
  client: Client,
  mainAccountId: string,
  period: string,
): Promise<PeriodStatementView['totals']> {
  const { rows } = await client.query<Figures & { sub_accounts: number }>(
    statementTotals({ mainAccountId: '$1', period: '$2' }),
    [mainAccountId, period],
  );
  const [row] = rows as [Figures & { sub_accounts: number }];
  return { subAccounts: row.sub_accounts, ...figuresOf(row) };
}

const toLine = (row: LineRow): StatementLine => ({
  subAccountId: row.sub_account_id,
  subAccount: row.name,
  closedAt: row.closed_at?.toISOString() ?? null,
  ...figuresOf(row),
});

const orNull = (value: bigint | null): string | null => (value === null ? null : formatPoints(value));

const figuresOf = (row: Figures) => ({
  opening: orNull(row.opening),
  limit: formatPoints(row.limit_points),
  boost: formatPoints(row.boost),
  granted: formatPoints(row.granted),
  used: formatPoints(row.used),
  overage: formatPoints(row.overage),
  held: formatPoints(row.held),
  returned: formatPoints(row.returned),
  remaining: formatPoints(row.remaining),
  lateUsed: formatPoints(row.late_used),
  lateRefunded: formatPoints(row.late_refunded),
  lateReturned: formatPoints(row.late_returned),
});
