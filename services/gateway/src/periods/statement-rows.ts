/** Figures of a statement line that have a sum, in their order. */
export const FIGURES = [
  'boost',
  'granted',
  'used',
  'overage',
  'held',
  'returned',
  'remaining',
  'late_used',
  'late_refunded',
  'late_returned',
] as const;

/** Where the lines of a statement are; all are SQL: parameters, or quoted values. */
interface StatementScope {
  readonly mainAccountId: string;
  readonly period: string;
  /** Only lines after this sub-account's. */
  readonly after?: string;
}

/**
 * SQL of a period's lines, one per sub-account: closed ones, those of the open period as they are now (a deleted one's
 * is closed), and what came late. A sub-account with late figures alone did not exist in that period; all else is 0,
 * as in the ledger. Each part comes by its index in order of sub-accounts, so that they are merged, not gathered.
 */
export function statementRows({ mainAccountId, period, after }: StatementScope): string {
  const own = (more = '') =>
    `main_account_id = ${mainAccountId} AND period = ${period}${after === undefined ? '' : ` AND sub_account_id > ${after}`}${more}`;
  return `SELECT sub_account_id, max(closed_at) AS closed_at,
      CASE WHEN bool_or(has_line) THEN max(opening) ELSE 0 END AS opening, max(limit_points) AS limit_points,
      ${FIGURES.map((name) => `sum(${name})::bigint AS ${name}`).join(', ')}
    FROM (
      SELECT sub_account_id, true AS has_line, closed_at, opening, limit_points, boost, granted, used, overage, held,
        returned, 0::bigint AS remaining, 0::bigint AS late_used, 0::bigint AS late_refunded, 0::bigint AS late_returned
      FROM period_statement WHERE ${own()}
      UNION ALL
      SELECT sub_account_id, true, NULL, opening, limit_points, boost, granted, used, overage, held,
        0, remaining, 0, 0, 0
      FROM sub_account_state WHERE ${own(` AND lifecycle <> 'deleted'`)}
      UNION ALL
      SELECT sub_account_id, false, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, used, refunded, returned
      FROM period_late_fact WHERE ${own()}
    ) AS parts GROUP BY sub_account_id`;
}
