import { oneCheck, type ReconciliationQuery } from './query.js';
import { edge, own, type Scope, since } from './scope.js';

interface Numbered {
  readonly table: 'journal_events' | 'transfers';
  /**
   * Column of `main_accounts` with the last number, and column of `closing_counts` with the number of detached rows.
   */
  readonly last: string;
  readonly detached: string;
}

/**
 * Checks the numbers of each main account without sorting: a bit per number in words of 64. So repeats (more rows
 * than bits) and gaps (fewer rows than numbers) show exactly, with a 64th of the groups. Rows of earlier months count
 * as present: their number is known from when they were detached, or is the last number of those months.
 */
const numbers = ({ table, last, detached }: Numbered, scope: Scope): string => `
  SELECT n.main_account_id, count(*) AS rows, bit_or(1::bigint << (n.sequence & 63)::int) AS seen,
    min(n.sequence) AS first, max(n.sequence) AS last, 0::bigint AS expected_last, 0::bigint AS earlier
  FROM ${table} n ${scope.since === null ? '' : 'JOIN edge e USING (main_account_id)'}
  WHERE ${own(scope, 'n')}${scope.since === null ? '' : ` AND ${since(scope, 'n')} AND n.sequence > coalesce(e.last, 0)`}
  GROUP BY n.main_account_id, n.sequence >> 6
  UNION ALL SELECT m.main_account_id, 0, 0, NULL, NULL, m.${last}, 0 FROM main_accounts m WHERE ${own(scope, 'm')}
  UNION ALL ${
    scope.since === null
      ? `SELECT c.main_account_id, 0, 0, NULL, NULL, 0, c.${detached} FROM closing_counts c WHERE ${own(scope, 'c')}`
      : 'SELECT e.main_account_id, 0, 0, NULL, NULL, 0, coalesce(e.last, 0) FROM edge e'
  }`;

const complete = (numbered: Numbered) => (scope: Scope) =>
  `
  WITH edge AS MATERIALIZED (${edge(scope, numbered.table)})
  SELECT main_account_id, sum(rows) AS rows, sum(bit_count(seen::bit(64))) AS numbers, min(first) AS first,
    max(last) AS last, sum(expected_last) AS expected_last, sum(earlier) AS earlier
  FROM (${numbers(numbered, scope)}) AS words GROUP BY 1
  HAVING sum(rows) <> sum(bit_count(seen::bit(64))) OR sum(rows) + sum(earlier) <> sum(expected_last)
    OR max(last) > sum(expected_last) OR min(first) < 1`;

const events = oneCheck(
  {
    name: 'event-sequence',
    invariant: 4,
    meaning:
      "A main account's events do not run 1, 2, 3 … up to the number that the account has: one is missing or there twice",
  },
  complete({ table: 'journal_events', last: 'sequence', detached: 'events' }),
);

const transfers = oneCheck(
  {
    name: 'transfer-sequence',
    invariant: 4,
    meaning:
      "A main account's transfers do not run 1, 2, 3 … up to the number that the account has: one is missing or there twice",
  },
  complete({ table: 'transfers', last: 'transfer_sequence', detached: 'transfers' }),
);

export const SEQUENCE_QUERIES: readonly ReconciliationQuery[] = [events, transfers];
