import { escapeLiteral } from 'pg';

/** What a reconciliation looks at. */
export interface Scope {
  /** Null: all. */
  readonly mainAccountId: string | null;
  /** First instant (ISO) of the month from which transfers and journal are read; null: all that is attached. */
  readonly since: string | null;
  /** End (ISO) of the last detached month; null where none was. What is older is no longer complete. */
  readonly detachedUntil: string | null;
}

/** SQL condition: the row is of a main account in scope. A literal, so that the planner sees an index's first column. */
export const own = ({ mainAccountId }: Scope, alias: string): string =>
  mainAccountId === null ? 'true' : `${alias}.main_account_id = ${escapeLiteral(mainAccountId)}`;

/** SQL condition: the row's broker time is not before the months asked for. */
export const since = ({ since: from }: Scope, alias: string): string =>
  from === null ? 'true' : `${alias}.at >= ${escapeLiteral(from)}`;

/** SQL condition: the row's broker time lies in months that are wholly there and in scope. */
export function inMonths({ since, detachedUntil }: Scope, alias: string): string {
  const from = [since, detachedUntil]
    .filter((instant) => instant !== null)
    .sort()
    .at(-1);
  return from === undefined ? 'true' : `${alias}.at >= ${escapeLiteral(from)}`;
}

/** Both. */
export const inScope = (scope: Scope, alias: string): string =>
  `${own(scope, alias)} AND ${inMonths(scope, alias)}`;

/**
 * SELECT of main accounts and the `last` number that a row outside the scope's months has. Numbers beyond are all in
 * scope; some below may be too, since two topics are merged: a month's last numbers can lie in the month before.
 */
export const edge = (scope: Scope, table: 'journal' | 'transfers'): string =>
  scope.since === null
    ? `SELECT c.main_account_id, c.last_transfer AS last FROM closing_counts c WHERE ${own(scope, 'c')}`
    : `SELECT m.main_account_id, (SELECT max(o.sequence) FROM ${table} o
        WHERE o.main_account_id = m.main_account_id AND o.at < ${escapeLiteral(scope.since)}) AS last
      FROM main_accounts m WHERE ${own(scope, 'm')}`;
