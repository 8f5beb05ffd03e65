import { withJournalEvents } from '@subledger/ledger/journal';
import type { TestDatabase } from '@subledger/testing';

/** Everything of the ledger's books that the gateway shows, column by column. Each query finds differences. */
const DIFFERENCES = {
  'main accounts': `
    SELECT coalesce(l.id, g.id) AS id, l.figures AS ledger, g.figures AS gateway FROM (
      SELECT main_account_id AS id, jsonb_build_array(sequence, plan, time_zone, credit_limit, funding_policy,
        CASE WHEN feature_active THEN 'active' ELSE 'inactive' END, suspended, period, next_month_start, balance, held,
        purchased, used, active_sub_accounts) AS figures FROM ledger.main_accounts) l
    FULL JOIN (
      SELECT main_account_id AS id, jsonb_build_array(sequence, plan, time_zone, credit_limit, funding_policy, feature,
        suspended, period, next_month_start, balance, held, purchased, used, active_sub_accounts) AS figures
      FROM gateway.main_account_state) g USING (id)
    WHERE l.figures IS DISTINCT FROM g.figures`,
  'sub-accounts': `
    SELECT coalesce(l.id, g.id) AS id, l.figures AS ledger, g.figures AS gateway FROM (
      SELECT main_account_id || sub_account_id AS id, jsonb_build_array(lifecycle, paused, period, point_limit,
        next_limit, boost, used - overage + held + remaining, used, overage, held, remaining, priority) AS figures
      FROM ledger.sub_accounts) l
    FULL JOIN (
      SELECT main_account_id || sub_account_id AS id, jsonb_build_array(lifecycle, paused, period, limit_points,
        next_limit, boost, granted, used, overage, held, remaining, priority) AS figures
      FROM gateway.sub_account_state) g USING (id)
    WHERE l.figures IS DISTINCT FROM g.figures`,
  transfers: `
    SELECT coalesce(l.id, g.id) AS id, l.figures AS ledger, g.figures AS gateway FROM (
      SELECT main_account_id || sequence AS id, jsonb_build_array(at, kind, split_part(debit_account, ':', 1),
        split_part(credit_account, ':', 1), amount,
        CASE 'main' WHEN debit_account THEN debit_balance WHEN credit_account THEN credit_balance END,
        CASE WHEN debit_account LIKE 'sub:%' THEN debit_balance WHEN credit_account LIKE 'sub:%' THEN credit_balance END,
        sub_account_id, message_id, period, reference) AS figures FROM ledger.transfers) l
    FULL JOIN (
      SELECT main_account_id || sequence AS id, jsonb_build_array(at, kind, from_kind, to_kind, millipoints,
        main_balance, sub_balance, sub_account_id, message_id, period, reference) AS figures FROM gateway.transfer) g
    USING (id)
    WHERE l.figures IS DISTINCT FROM g.figures`,
  statements: `
    SELECT coalesce(l.id, g.id) AS id, l.figures AS ledger, g.figures AS gateway FROM (
      SELECT main_account_id || period || sub_account_id AS id, jsonb_build_array(opening, point_limit, boost, granted,
        used, overage, held, returned, late_used, late_refunded, late_returned) AS figures FROM ledger.period_statements) l
    FULL JOIN (
      SELECT main_account_id || period || sub_account_id AS id, jsonb_build_array(sum(opening), sum(limit_points),
        sum(boost), sum(granted), sum(used), sum(overage), sum(held), sum(returned), sum(late_used), sum(late_refunded),
        sum(late_returned)) AS figures
      FROM (
        SELECT main_account_id, period, sub_account_id, opening, limit_points, boost, granted, used, overage, held,
          returned, late_used, late_refunded, late_returned FROM gateway.period_statement
        UNION ALL
        SELECT f.main_account_id, f.period, f.sub_account_id, 0, 0, 0, 0, 0, 0, 0, 0, f.used, f.refunded, f.returned
          FROM gateway.period_late_fact f LEFT JOIN gateway.period_statement s USING (main_account_id, period, sub_account_id)
         WHERE s.sequence IS NULL OR (f.generation, f.sequence) > (s.generation, s.sequence)) figures
      GROUP BY main_account_id, period, sub_account_id) g USING (id)
    WHERE l.figures IS DISTINCT FROM g.figures`,
  // A balance may be unknown, but not wrong.
  'month starts': `
    SELECT coalesce(l.id, g.id) AS id, l.balance AS ledger, g.balance AS gateway FROM (
      SELECT main_account_id || (CASE WHEN e ? 'to' THEN e ->> 'to' ELSE e #>> '{mainAccount,period}' END) AS id,
        1000 * ((e #>> '{mainAccount,balance}')::numeric + coalesce((e ->> 'granted')::numeric, 0)) AS balance
      FROM (SELECT main_account_id, payload::jsonb -> 'data' AS e FROM journal_events
        WHERE type IN ('subledger.main-account.opened.v1', 'subledger.period.rolled.v1')) j) l
    FULL JOIN (SELECT main_account_id || period AS id, balance FROM gateway.period_start) g USING (id)
    WHERE l.id IS NULL OR g.id IS NULL OR l.balance <> g.balance`,
} as const;

/** The first differences of each kind between the gateway's read model and the ledger's books. */
export async function differences({ client }: TestDatabase): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  await withJournalEvents(
    client,
    async (own) => {
      for (const [kind, sql] of Object.entries(DIFFERENCES)) {
        const { rows } = await own.query(`${sql} LIMIT 5`);
        if (rows.length > 0) found[kind] = rows;
      }
    },
    { schema: 'ledger' },
  );
  return found;
}
