import type pg from 'pg';
import { toTimestamp } from './item-rows.js';

/** One line of a summary: a period and the state of its month starts. */
export interface PeriodReport {
  readonly period: string;
  readonly due: number;
  readonly rolled: number;
  /** Main accounts with sub-accounts that could not be funded, and the number of those sub-accounts. */
  readonly unfunded: number;
  readonly unfundedSubAccounts: number;
  readonly failed: number;
  /** Neither rolled nor refused yet. */
  readonly open: number;
}

export interface FailedItem {
  readonly period: string;
  readonly mainAccountId: string;
  readonly code: string | null;
  readonly state: string;
}

/** The items of a report: claimed since an instant of the database's clock, or open, and due by `asOfMs`. */
export interface ReportScope {
  readonly asOfMs: number;
  readonly sinceMs: number;
}

const IN_SCOPE = `due_at <= $1::timestamptz AND (claimed_at >= $2::timestamptz OR state <> 'rolled')`;
const parameters = (scope: ReportScope) => [toTimestamp(scope.asOfMs), toTimestamp(scope.sinceMs)];

export async function reportPeriods(pool: pg.Pool, scope: ReportScope): Promise<PeriodReport[]> {
  const { rows } = await pool.query<PeriodReport>(
    `SELECT period, count(*)::int AS due,
            count(*) FILTER (WHERE state = 'rolled')::int AS rolled,
            count(*) FILTER (WHERE unfunded > 0)::int AS unfunded,
            coalesce(sum(unfunded), 0)::int AS "unfundedSubAccounts",
            count(*) FILTER (WHERE state = 'failed')::int AS failed,
            count(*) FILTER (WHERE state IN ('claimed', 'emitted'))::int AS open
       FROM run_items WHERE ${IN_SCOPE} GROUP BY period ORDER BY period`,
    parameters(scope),
  );
  return rows;
}

/** The first few items that failed or were not answered, for an operator. */
export async function reportFailures(
  pool: pg.Pool,
  scope: ReportScope,
  limit: number,
): Promise<FailedItem[]> {
  const { rows } = await pool.query<FailedItem>(
    `SELECT period, main_account_id AS "mainAccountId", code, state
       FROM run_items WHERE ${IN_SCOPE} AND state <> 'rolled'
      ORDER BY period, main_account_id LIMIT $3`,
    [...parameters(scope), limit],
  );
  return rows;
}

export interface Totals extends Omit<PeriodReport, 'period'> {}

export function totalOf(reports: readonly PeriodReport[]): Totals {
  const sum = (pick: (report: PeriodReport) => number) =>
    reports.reduce((total, report) => total + pick(report), 0);
  return {
    due: sum((report) => report.due),
    rolled: sum((report) => report.rolled),
    unfunded: sum((report) => report.unfunded),
    unfundedSubAccounts: sum((report) => report.unfundedSubAccounts),
    failed: sum((report) => report.failed),
    open: sum((report) => report.open),
  };
}
