import { escapeLiteral } from 'pg';

/** The rows that a reconciliation checks. */
export interface Scope {
  /** Null: all. */
  readonly mainAccountId: string | null;
  /** First instant (ISO) of the month from which transfers and journal are read, or null for all attached months. */
  readonly since: string | null;
  /** End (ISO) of the last detached month, or null. Older rows are no longer complete. */
  readonly detachedUntil: string | null;
}

/**
 * SQL condition: the row's main account is in scope. A literal, so that the planner sees the first column of an
 * index.
 */
export const own = ({ mainAccountId }: Scope, alias: string): string =>
  mainAccountId === null ? 'true' : `${alias}.main_account_id = ${escapeLiteral(mainAccountId)}`;

/** SQL condition: the row's broker time is not before the requested months. */
export const since = ({ since: from }: Scope, alias: string): string =>
  from === null ? 'true' : `${alias}.at >= ${escapeLiteral(from)}`;

/** SQL condition: the row's broker time is in months that are complete and in scope. */
export function inMonths({ since, detachedUntil }: Scope, alias: string): string {
  const from = [since, detachedUntil]
    .filter((instant) => instant !== null)
    .sort()
    .at(-1);
  return from === undefined ? 'true' : `${alias}.at >= ${escapeLiteral(from)}`;
}

/** Both conditions. */
export const inScope = (scope: Scope, alias: string): string =>
  `${own(scope, alias)} AND ${inMonths(scope, alias)}`;

/**
 * SELECT of main accounts and the `last` number outside the scope's months. Higher numbers are all in scope. Some
 * lower ones may be too: two topics are merged, so a month's last numbers can lie in the previous month. Of events,
 * only those of the scope are read: the numbers before the first of them count as there.
 */
export function edge(scope: Scope, table: 'journal_events' | 'transfers'): string {
  if (scope.since === null)
    return `SELECT c.main_account_id, c.last_transfer AS last FROM closing_counts c WHERE ${own(scope, 'c')}`;
  if (table === 'journal_events') {
    return `SELECT m.main_account_id, coalesce(f.first - 1, m.sequence) AS last FROM main_accounts m
      LEFT JOIN (SELECT main_account_id, min(sequence) AS first FROM journal_events GROUP BY 1) AS f USING (main_account_id)
      WHERE ${own(scope, 'm')}`;
  }
  return `SELECT m.main_account_id, (SELECT max(o.sequence) FROM transfers o
      WHERE o.main_account_id = m.main_account_id AND o.at < ${escapeLiteral(scope.since)}) AS last
    FROM main_accounts m WHERE ${own(scope, 'm')}`;
}
