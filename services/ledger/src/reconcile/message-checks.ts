import type { ReconciliationQuery } from './query.js';
import { inScope, own, type Scope } from './scope.js';

/**
 * Transfers, charge, refunds and hold of each message as rows of one list, grouped by message in one pass without
 * joins. Each question is one sum of differences, which keeps a group small: there are as many groups as messages.
 */
const rows = (scope: Scope): string => `
  SELECT t.main_account_id, t.message_id,
    CASE WHEN t.credit_account = 'used' THEN -t.amount END AS charge_difference,
    CASE WHEN t.debit_account = 'used' THEN -t.amount END AS refund_difference,
    NULL::bigint AS refunded_difference,
    CASE WHEN t.credit_account = 'used' THEN t.event_sequence END AS charged_by,
    CASE WHEN t.debit_account LIKE 'hold:%' THEN t.event_sequence END AS resolved_by,
    CASE WHEN t.credit_account LIKE 'hold:%' THEN t.event_sequence END AS placed_by,
    CASE WHEN t.credit_account = 'used' THEN hashtextextended(t.sub_account_id || ' ' || t.period, 0) END AS counted_to,
    NULL::bigint AS charged, NULL::bigint AS refunded, NULL::text AS state
  FROM transfers t WHERE t.message_id IS NOT NULL AND ${inScope(scope, 't')}
  UNION ALL
  SELECT c.main_account_id, c.message_id, CASE WHEN ${inScope(scope, 'c')} THEN c.points END, NULL, c.refunded, NULL, NULL,
    NULL, hashtextextended(c.sub_account_id || ' ' || c.period, 0), c.points, c.refunded, NULL
  FROM charges c WHERE ${own(scope, 'c')}
  UNION ALL
  SELECT r.main_account_id, r.message_id, NULL, CASE WHEN ${inScope(scope, 'r')} THEN r.points END, -r.points, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL
  FROM refunds r WHERE ${own(scope, 'r')}
  UNION ALL
  SELECT h.main_account_id, h.message_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, h.state
  FROM holds h WHERE ${inScope(scope, 'h')}`;

const CHARGE_WRONG = `coalesce(charge_difference, 0) <> 0 OR first_charged_by <> last_charged_by
  OR (first_charged_by IS NOT NULL AND charges <> 1) OR first_counted_to <> last_counted_to`;
const REFUND_WRONG = `coalesce(refund_difference, 0) <> 0 OR coalesce(refunded_difference, 0) <> 0 OR refunded > charged`;
const HOLD_WRONG = `first_resolved_by <> last_resolved_by OR first_placed_by <> last_placed_by OR holds > 1
  OR (state = 'open' AND first_resolved_by IS NOT NULL)
  OR (state IN ('settled', 'released') AND first_placed_by IS NOT NULL AND first_resolved_by IS NULL)
  OR (state = 'barred' AND first_placed_by IS NOT NULL)
  OR (state = 'settled' AND (charges = 0 OR first_resolved_by <> first_charged_by))
  OR (state = 'released' AND first_resolved_by = first_charged_by)`;

/** Checks each message: its rows against its transfers. */
export const messages: ReconciliationQuery = {
  checks: [
    {
      name: 'message-charged-once',
      invariant: 5,
      meaning:
        "A message's charge is not what its transfers moved to `used`, or several events moved it, or to another sub-account or period",
    },
    {
      name: 'refunds-within-charge',
      invariant: 5,
      meaning:
        'The refunds of a message are not what its transfers moved out of `used`, or not what its charge says, or more than was charged',
    },
    {
      name: 'hold-resolved-once',
      invariant: 5,
      meaning:
        'A hold was placed or resolved by several events, or its state is not what its transfers and its message say',
    },
  ],
  sql: (scope) => `
    WITH message AS (
      SELECT * FROM (
        SELECT main_account_id, message_id, sum(charge_difference) AS charge_difference,
          sum(refund_difference) AS refund_difference, sum(refunded_difference) AS refunded_difference,
          min(charged_by) AS first_charged_by, max(charged_by) AS last_charged_by,
          min(resolved_by) AS first_resolved_by, max(resolved_by) AS last_resolved_by,
          min(placed_by) AS first_placed_by, max(placed_by) AS last_placed_by,
          min(counted_to) AS first_counted_to, max(counted_to) AS last_counted_to,
          count(charged) AS charges, max(charged) AS charged, max(refunded) AS refunded,
          count(state) AS holds, max(state) AS state
        FROM (${rows(scope)}) AS rows GROUP BY 1, 2
      ) AS sums WHERE ${CHARGE_WRONG} OR ${REFUND_WRONG} OR ${HOLD_WRONG})
    SELECT name, main_account_id, found FROM message, LATERAL (VALUES
      ('message-charged-once', ${CHARGE_WRONG}, jsonb_build_object('charged', charged::text,
        'chargeLessTransfers', charge_difference::text, 'firstEvent', first_charged_by, 'lastEvent', last_charged_by)),
      ('refunds-within-charge', ${REFUND_WRONG}, jsonb_build_object('charged', charged::text, 'refunded', refunded::text,
        'refundsLessTransfers', refund_difference::text, 'refundedLessRefunds', refunded_difference::text)),
      ('hold-resolved-once', ${HOLD_WRONG}, jsonb_build_object('state', state, 'placedBy', first_placed_by,
        'resolvedBy', first_resolved_by, 'resolvedAgainBy', last_resolved_by, 'chargedBy', first_charged_by))
    ) AS check_of (name, is_wrong, facts),
    LATERAL (SELECT jsonb_build_object('main_account_id', main_account_id, 'message_id', message_id) || facts AS found) AS row
    WHERE is_wrong`,
};
