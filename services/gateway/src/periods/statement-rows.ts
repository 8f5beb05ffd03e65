/** Figures of a statement line that have a sum, in order. The last three are late figures. */
const OWN_FIGURES = ['boost', 'granted', 'used', 'overage', 'held', 'returned', 'remaining'] as const;
const LATE_FIGURES = ['late_used', 'late_refunded', 'late_returned'] as const;
export const FIGURES = [...OWN_FIGURES, ...LATE_FIGURES] as const;

/** The scope of a statement's lines. All fields are SQL: parameters, or quoted values. */
interface StatementScope {
  readonly mainAccountId: string;
  readonly period: string;
  /** Only lines after this sub-account's. */
  readonly after?: string;
}

const own = ({ mainAccountId, period, after }: StatementScope): string =>
  `main_account_id = ${mainAccountId} AND period = ${period}${after === undefined ? '' : ` AND sub_account_id > ${after}`}`;
/** Current lines of the open period. A deleted sub-account's line is closed. */
const openOnes = (scope: StatementScope): string => `${own(scope)} AND lifecycle <> 'deleted'`;

/** Late figures of sub-accounts that did not exist in the period. */
const lateOnes = (scope: StatementScope): string => {
  const has = (table: string) =>
    `EXISTS (SELECT FROM ${table} o WHERE o.main_account_id = ${scope.mainAccountId} AND o.period = ${scope.period}
       AND o.sub_account_id = f.sub_account_id`;
  return `period_late_fact f WHERE ${own(scope)} AND NOT ${has('period_statement')})
    AND NOT ${has('sub_account_state')} AND o.lifecycle <> 'deleted')`;
};

const NOTHING = '0::bigint';
/** Lower than that of every event, so that all late facts of such a line are added. */
const NO_POSITION = `-2 AS generation, ${NOTHING} AS sequence`;
const closedFigures = OWN_FIGURES.map((name) => (name === 'remaining' ? NOTHING : name));
const openFigures = OWN_FIGURES.map((name) => (name === 'returned' ? NOTHING : name));
const noFigures = OWN_FIGURES.map(() => NOTHING);
const noLate = LATE_FIGURES.map(() => NOTHING).join(', ');
const LATE_SUMS = LATE_FIGURES.map(
  (name) => `line.${name} + coalesce(sum(l.${name.slice('late_'.length)}), 0)::bigint AS ${name}`,
).join(', ');

/**
 * SQL of a period's lines, one per sub-account: closed ones, those of the open period, and those with late figures
 * only (their other figures are 0, as in the ledger). Each part comes from its index in the order of sub-accounts. So
 * a page reads only its lines, and a whole statement is merged instead of sorted. A statement's own figures already
 * contain late facts up to its position.
 */
export function statementRows(scope: StatementScope): string {
  const figures = OWN_FIGURES.map((name) => `line.${name}`).join(', ');
  return `SELECT line.sub_account_id, line.closed_at, line.opening, line.limit_points, ${figures}, late.* FROM (
      SELECT sub_account_id, closed_at, opening, limit_points, ${closedFigures.map(named).join(', ')},
        ${LATE_FIGURES.join(', ')}, generation, sequence
        FROM period_statement WHERE ${own(scope)}
      UNION ALL
      SELECT sub_account_id, NULL, opening, limit_points, ${openFigures.join(', ')}, ${noLate}, ${NO_POSITION}
        FROM sub_account_state WHERE ${openOnes(scope)}
      UNION ALL
      (SELECT DISTINCT sub_account_id, NULL::timestamptz, ${NOTHING}, ${NOTHING}, ${noFigures.join(', ')}, ${noLate},
          ${NO_POSITION}
        FROM ${lateOnes(scope)})
    ) AS line
    CROSS JOIN LATERAL (SELECT ${LATE_SUMS} FROM period_late_fact l
      WHERE l.main_account_id = ${scope.mainAccountId} AND l.period = ${scope.period}
        AND l.sub_account_id = line.sub_account_id
        AND (l.generation, l.sequence) > (line.generation, line.sequence)) AS late`;
}
const named = (sql: string, index: number): string => `${sql} AS ${OWN_FIGURES[index]}`;

/**
 * SQL of the sums of late facts that no statement's own figures contain, and of the number of sub-accounts with late
 * figures only.
 */
const lateTotals = ({ mainAccountId, period }: StatementScope): string => {
  const sums = LATE_FIGURES.map(
    (name) => `coalesce(sum(f.${name.slice('late_'.length)}) FILTER (WHERE s.sequence IS NULL
        OR (f.generation, f.sequence) > (s.generation, s.sequence)), 0)::bigint AS ${name}`,
  ).join(', ');
  const joined = (table: string, alias: string) =>
    `LEFT JOIN ${table} ${alias} ON ${alias}.main_account_id = f.main_account_id AND ${alias}.period = f.period
        AND ${alias}.sub_account_id = f.sub_account_id`;
  return `SELECT count(DISTINCT f.sub_account_id) FILTER (WHERE s.sequence IS NULL AND o.sequence IS NULL) AS lines, ${sums}
      FROM period_late_fact f ${joined('period_statement', 's')}
      ${joined('sub_account_state', 'o')} AND o.lifecycle <> 'deleted'
      WHERE f.main_account_id = ${mainAccountId} AND f.period = ${period}`;
};

/**
 * SQL of the sums over a period's lines, as one row: `sub_accounts`, `opening` (null if one is unknown),
 * `limit_points` and the figures. It reads every table once, without making the lines.
 */
export function statementTotals(scope: StatementScope): string {
  const figures = ['limit_points', ...OWN_FIGURES];
  const sum = (name: string) => `coalesce(sum(${name}), 0)::bigint AS ${name}`;
  const parts = (name: string, missing: readonly string[], condition: string) =>
    `SELECT count(*) AS lines, count(opening) AS openings, sum(opening) AS opening, sum(limit_points) AS limit_points,
       ${FIGURES.map((own) => `${missing.includes(own) ? '0' : `sum(${own})`} AS ${own}`).join(', ')}
     FROM ${name} WHERE ${condition}`;
  return `SELECT (own.lines + late.lines)::int AS sub_accounts,
      CASE WHEN own.lines = own.openings THEN own.opening END AS opening,
      ${figures.map((name) => `own.${name}`).join(', ')},
      ${LATE_FIGURES.map((name) => `own.${name} + late.${name} AS ${name}`).join(', ')}
    FROM (SELECT sum(lines)::bigint AS lines, sum(openings)::bigint AS openings,
        coalesce(sum(opening), 0)::bigint AS opening, ${[...figures, ...LATE_FIGURES].map(sum).join(', ')}
      FROM (${parts('period_statement', ['remaining'], own(scope))} UNION ALL
        ${parts('sub_account_state', ['returned', ...LATE_FIGURES], openOnes(scope))}) AS parts) AS own,
    (${lateTotals(scope)}) AS late`;
}
