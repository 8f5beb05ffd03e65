import { withJournalEvents } from '@subledger/ledger/journal';
import type { TestDatabase } from '@subledger/testing';

type Row = Record<string, unknown>;

/** Every account's balance, computed from its transfers only. */
const MOVED = `
  SELECT main_account_id, account, sum(amount) AS balance FROM (
    SELECT main_account_id, credit_account AS account, amount FROM ledger.transfers
    UNION ALL SELECT main_account_id, debit_account, -amount FROM ledger.transfers) moves
  GROUP BY 1, 2`;

const STORED = `
  SELECT main_account_id, 'main' AS account, balance FROM ledger.main_accounts
  UNION ALL SELECT main_account_id, 'used', used FROM ledger.main_accounts
  UNION ALL SELECT main_account_id, 'purchased', -purchased FROM ledger.main_accounts
  UNION ALL SELECT main_account_id, 'sub:' || sub_account_id, remaining FROM ledger.sub_accounts
  UNION ALL SELECT main_account_id, 'hold:' || message_id, points FROM ledger.holds`;

/** Queries that find nothing if the books are right (design, section 3). `journal_events` has the journal's events. */
export const BOOK_VIOLATIONS = {
  'purchased is in main, sub-accounts, holds or used': `
    SELECT m.main_account_id, m.purchased, m.balance, m.used, s.subs, h.holds FROM ledger.main_accounts m
    CROSS JOIN LATERAL (SELECT coalesce(sum(remaining), 0) AS subs FROM ledger.sub_accounts s
      WHERE s.main_account_id = m.main_account_id) s
    CROSS JOIN LATERAL (SELECT coalesce(sum(points), 0) AS holds FROM ledger.holds h
      WHERE h.main_account_id = m.main_account_id) h
    WHERE m.purchased <> m.balance + s.subs + h.holds + m.used`,
  'each stored balance is the sum of its transfers': `
    WITH moved AS (${MOVED}), stored AS (${STORED})
    SELECT * FROM stored FULL JOIN moved USING (main_account_id, account)
    WHERE coalesce(stored.balance, 0) <> coalesce(moved.balance, 0)`,
  'sub-accounts and holds are never below zero': `
    SELECT * FROM (
      SELECT main_account_id, sequence, credit_account AS account, credit_balance AS after FROM ledger.transfers
      UNION ALL SELECT main_account_id, sequence, debit_account, debit_balance FROM ledger.transfers) lines
    WHERE after < 0 AND (account LIKE 'sub:%' OR account LIKE 'hold:%')`,
  'event sequences are 1, 2, 3 without a gap': `
    SELECT main_account_id, count(*), min(sequence), max(sequence) FROM journal_events GROUP BY 1
    HAVING min(sequence) <> 1 OR max(sequence) <> count(*)`,
  'a period of a main account is rolled at most once': `
    SELECT main_account_id, payload::jsonb #>> '{data,to}' AS period, count(*) FROM journal_events
    WHERE type = 'subledger.period.rolled.v1' GROUP BY 1, 2 HAVING count(*) > 1`,
  'a message has one charge, of its points': `
    SELECT c.main_account_id, c.message_id, c.points, t.charged FROM ledger.charges c
    LEFT JOIN (SELECT main_account_id, message_id, sum(amount) AS charged, count(DISTINCT event_sequence) AS events
      FROM ledger.transfers WHERE credit_account = 'used' GROUP BY 1, 2) t USING (main_account_id, message_id)
    WHERE c.points <> coalesce(t.charged, 0) OR t.events > 1`,
} as const;

/** The gateway's statements, each with its late facts added up. */
const STATEMENTS = `
  SELECT main_account_id, sub_account_id, period, sum(opening) AS opening, sum(point_limit) AS point_limit,
    sum(boost) AS boost, sum(granted) AS granted, sum(used) AS used, sum(overage) AS overage, sum(held) AS held,
    sum(returned) AS returned, sum(late_used) AS late_used, sum(late_refunded) AS late_refunded,
    sum(late_returned) AS late_returned
  FROM (
    SELECT main_account_id, sub_account_id, period, opening, limit_points AS point_limit, boost, granted, used, overage,
      held, returned, 0 AS late_used, 0 AS late_refunded, 0 AS late_returned FROM gateway.period_statement
    UNION ALL
    SELECT main_account_id, sub_account_id, period, 0, 0, 0, 0, 0, 0, 0, 0, used, refunded, returned
    FROM gateway.period_late_fact) parts
  GROUP BY 1, 2, 3`;

/** Queries that find nothing if the gateway's read model equals the ledger's books. */
export const READ_MODEL_VIOLATIONS = {
  'main accounts': `
    SELECT l.main_account_id, l.sequence, g.sequence AS gateway_sequence, l.balance, g.balance AS gateway_balance
    FROM ledger.main_accounts l FULL JOIN gateway.main_account_state g USING (main_account_id)
    WHERE (l.sequence, l.balance, l.purchased, l.used, l.held, l.period)
      IS DISTINCT FROM (g.sequence, g.balance, g.purchased, g.used, g.held, g.period)`,
  'sub-accounts': `
    SELECT l.sub_account_id, l.remaining, g.remaining AS gateway_remaining, l.used, g.used AS gateway_used
    FROM ledger.sub_accounts l FULL JOIN gateway.sub_account_state g
      ON (l.main_account_id, l.sub_account_id) = (g.main_account_id, g.sub_account_id)
    WHERE (l.remaining, l.used, l.overage, l.held, l.boost, l.lifecycle, l.paused, l.period, l.ordinal, l.opening)
      IS DISTINCT FROM (g.remaining, g.used, g.overage, g.held, g.boost, g.lifecycle, g.paused, g.period, g.ordinal, g.opening)`,
  'statements, with what came late': `
    SELECT l.sub_account_id, l.period, l.used, g.used AS gateway_used, l.late_used, g.late_used AS gateway_late_used
    FROM ledger.period_statements l FULL JOIN (${STATEMENTS}) g USING (main_account_id, sub_account_id, period)
    WHERE (l.opening, l.point_limit, l.boost, l.granted, l.used, l.overage, l.held, l.returned, l.late_used,
        l.late_refunded, l.late_returned)
      IS DISTINCT FROM (g.opening, g.point_limit, g.boost, g.granted, g.used, g.overage, g.held, g.returned, g.late_used,
        g.late_refunded, g.late_returned)`,
  transfers: `
    SELECT l.main_account_id, l.sequence, g.sequence AS gateway_sequence, l.amount, g.millipoints
    FROM ledger.transfers l FULL JOIN gateway.transfer g
      ON (l.main_account_id, l.sequence) = (g.main_account_id, g.sequence)
    WHERE (l.amount, l.kind, l.period, l.reference)
      IS DISTINCT FROM (g.millipoints, g.kind, g.period, g.reference)`,
  'writes without an outcome': "SELECT id, action, state FROM gateway.operation WHERE state = 'pending'",
} as const;

/** The first rows that a query finds. */
export async function violations({ client }: TestDatabase, sql: string): Promise<Row[]> {
  const { rows } = await withJournalEvents(client, (own) => own.query<Row>(sql), { schema: 'ledger' });
  return rows.slice(0, 5);
}

/** Purchases in the books by reference: their number, and their sum in millipoints. */
export async function bookedPurchases({
  client,
}: TestDatabase): Promise<Map<string, { times: number; sum: bigint }>> {
  const { rows } = await client.query<{ reference: string; times: string; sum: string }>(
    "SELECT reference, count(*) AS times, sum(amount) AS sum FROM ledger.transfers WHERE kind = 'purchase' GROUP BY 1",
  );
  return new Map(
    rows.map(({ reference, times, sum }) => [reference, { times: Number(times), sum: BigInt(sum) }]),
  );
}

/** How often each message was charged, by its events in the journal. */
export async function chargedMessages({
  client,
}: TestDatabase): Promise<Map<string, { times: number; points: bigint }>> {
  const select = `SELECT c.message_id, c.points, count(j.*) AS times FROM ledger.charges c
     LEFT JOIN (SELECT main_account_id, payload::jsonb #>> '{data,messageId}' AS message_id FROM journal_events
       WHERE type = 'subledger.message.charged.v1') j USING (main_account_id, message_id)
     GROUP BY c.main_account_id, c.message_id, c.points`;
  const { rows } = await withJournalEvents(
    client,
    (own) => own.query<{ message_id: string; times: string; points: string }>(select),
    { schema: 'ledger' },
  );
  return new Map(
    rows.map(({ message_id, times, points }) => [
      message_id,
      { times: Number(times), points: BigInt(points) },
    ]),
  );
}

export async function count({ client }: TestDatabase, sql: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(sql);
  return Number(rows[0]?.count);
}
