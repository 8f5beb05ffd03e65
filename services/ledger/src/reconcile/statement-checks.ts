import { eventType } from '@subledger/contracts';
import type { ReconciliationQuery } from './query.js';
import { inMonths, inScope, own, type Scope } from './scope.js';

/** Points returned at the close: by the month start, or by the event that deleted the sub-account. */
const RETURNED = `t.kind = 'month-return' OR (t.kind = 'deactivation-return' AND EXISTS (SELECT FROM journal_events j
  WHERE j.main_account_id = t.main_account_id AND j.sequence = t.event_sequence AND j.at = t.at
    AND j.type = '${eventType('sub-account.deleted')}'))`;

/**
 * All rows of a sub-account's period as one list: its transfers, its open holds, its statement if it is closed
 * (`closed_…`), its counters while the period is open (`open_…`). A deleted sub-account may have both.
 */
const rows = (scope: Scope): string => `
  SELECT t.main_account_id, t.sub_account_id, t.period,
    CASE WHEN t.credit_account = 'used' THEN t.amount WHEN t.debit_account = 'used' THEN -t.amount END AS used_moved,
    CASE t.kind WHEN 'message-overage' THEN t.amount WHEN 'overage-repayment' THEN -t.amount END AS overage_moved,
    CASE WHEN ${RETURNED} THEN t.amount END AS returned_moved, NULL::bigint AS in_holds,
    NULL::bigint AS closed_used, NULL::bigint AS closed_held, NULL::bigint AS closed_returned,
    NULL::bigint AS late_used, NULL::bigint AS late_returned, NULL::bool AS has_return,
    NULL::bigint AS open_used, NULL::bigint AS open_overage, NULL::bigint AS open_held
  FROM transfers t WHERE t.sub_account_id IS NOT NULL AND ${inScope(scope, 't')}
    AND (t.kind IN ('month-return', 'deactivation-return', 'overage-repayment') OR 'used' IN (t.credit_account, t.debit_account))
  UNION ALL
  SELECT h.main_account_id, h.sub_account_id, h.period, NULL, NULL, NULL, h.points,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM holds h WHERE h.points > 0 AND ${own(scope, 'h')}
  UNION ALL
  SELECT s.main_account_id, s.sub_account_id, s.period, NULL, NULL, NULL, NULL,
    s.used + s.late_used - s.late_refunded, s.held, s.returned, s.late_used, s.late_returned, ${inMonths(scope, 's')},
    NULL, NULL, NULL
  FROM period_statements s WHERE ${own(scope, 's')}
  UNION ALL
  SELECT s.main_account_id, s.sub_account_id, s.period, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, s.used, s.overage, s.held
  FROM sub_accounts s JOIN main_accounts m USING (main_account_id) WHERE s.period = m.period AND ${own(scope, 's')}`;

const SUMS = [
  ...['used_moved', 'overage_moved', 'returned_moved', 'in_holds'].map(
    (name) => `coalesce(sum(${name}), 0) AS ${name}`,
  ),
  ...['closed_used', 'closed_held', 'closed_returned', 'late_used', 'late_returned'].map(
    (name) => `max(${name}) AS ${name}`,
  ),
  ...['open_used', 'open_overage', 'open_held'].map((name) => `max(${name}) AS ${name}`),
  'bool_or(has_return) AS has_return',
].join(', ');

const IS_NEITHER = 'closed_used IS NULL AND open_used IS NULL';
/** If a month with some of its transfers is detached, the period is not complete. */
const IS_WHOLE = "period > coalesce(last_period, '')";
const USAGE_WRONG = `${IS_WHOLE} AND (closed_used <> used_moved OR (${IS_NEITHER} AND used_moved <> 0))`;
const RETURN_WRONG = `(has_return AND closed_returned <> returned_moved) OR (closed_used IS NULL AND returned_moved <> 0)`;
/** Points that were in holds at the close were returned late, were used late, or are still held. */
const HOLDS_WRONG = `closed_held - late_returned - in_holds NOT BETWEEN 0 AND late_used OR (${IS_NEITHER} AND in_holds <> 0)`;
const COUNTERS_WRONG = `(${IS_WHOLE} AND (open_used <> used_moved OR open_overage <> overage_moved)) OR open_held <> in_holds`;

/** Checks the figures of closed and open periods against transfers and holds. */
const periods: ReconciliationQuery = {
  checks: [
    {
      name: 'statement-usage',
      invariant: 6,
      meaning:
        "A closed period's `used`, with what came late, is not what its transfers moved to `used`, or it has no statement",
    },
    {
      name: 'statement-returned',
      invariant: 6,
      meaning: "A closed period's `returned` is not what its close moved to main, or it has no statement",
    },
    {
      name: 'statement-holds',
      invariant: 6,
      meaning:
        'What was in holds when a period closed is not what came back since, was used since, or is still held',
    },
    {
      name: 'open-period-counters',
      invariant: 6,
      meaning:
        "A sub-account's `used`, `overage` or `held` of the open period is not what transfers and holds say",
    },
  ],
  sql: (scope) =>
    scope.since !== null
      ? null
      : `
    WITH periods AS (
      SELECT * FROM (
        SELECT main_account_id, sub_account_id, period, ${SUMS} FROM (${rows(scope)}) AS rows GROUP BY 1, 2, 3
      ) AS sums LEFT JOIN (SELECT main_account_id, last_period FROM closing_counts) AS c USING (main_account_id)
      WHERE (${USAGE_WRONG}) OR (${RETURN_WRONG}) OR (${HOLDS_WRONG}) OR (${COUNTERS_WRONG}))
    SELECT name, main_account_id, found FROM periods, LATERAL (VALUES
      ('statement-usage', ${USAGE_WRONG}, jsonb_build_object('used', closed_used::text, 'moved', used_moved::text)),
      ('statement-returned', ${RETURN_WRONG}, jsonb_build_object('returned', closed_returned::text, 'moved', returned_moved::text)),
      ('statement-holds', ${HOLDS_WRONG}, jsonb_build_object('held', closed_held::text, 'returnedLate', late_returned::text,
        'usedLate', late_used::text, 'stillHeld', in_holds::text)),
      ('open-period-counters', ${COUNTERS_WRONG}, jsonb_build_object('used', open_used::text, 'usedMoved', used_moved::text,
        'overage', open_overage::text, 'overageMoved', overage_moved::text, 'held', open_held::text, 'inHolds', in_holds::text))
    ) AS check_of (name, is_wrong, facts),
    LATERAL (SELECT jsonb_build_object('main_account_id', main_account_id, 'sub_account_id', sub_account_id,
      'period', period) || facts AS found) AS row
    WHERE is_wrong`,
};

export const STATEMENT_QUERIES: readonly ReconciliationQuery[] = [periods];
