import type pg from 'pg';
import type { SnapshotMain } from './snapshot-main.js';

/**
 * Transfers of main that only the open period has. After a transfer of another kind, a late message, hold or refund
 * of an ended period may have come before it.
 */
const NEVER_LATE = [
  'purchase',
  'adjustment',
  'limit-grant',
  'limit-return',
  'month-return',
  'deactivation-return',
];

/**
 * Computes where a main account's periods begin from the transfers of a snapshot, because no part contains it. Main's
 * balance at the start is that after the last return of the previous month. Without a return, it is the balance after
 * main's last transfer before all transfers of the new period. If that transfer may itself be late, the balance is
 * unknown and null. The same applies if transfers are missing (months that the ledger has detached). Rows of events
 * since the first part stay.
 */
export async function restorePeriodStarts(
  client: pg.PoolClient,
  { mainAccountId, generation, sequence }: SnapshotMain,
): Promise<void> {
  await client.query(PERIOD_STARTS, [mainAccountId, generation, sequence, NEVER_LATE]);
}

/**
 * The number of transfers from the previous one on, which equals the difference of their numbers if none is missing.
 */
const lines = (from: string, to: string): string =>
  `(SELECT count(*) FROM transfer c WHERE c.main_account_id = $1 AND c.sequence >= ${from} AND c.sequence < ${to})`;

/**
 * One pass over the main account's transfers, then a few index look-ups for each period. Periods begin with the one
 * in which the main account was created, or that of its first transfer if that is older.
 */
const PERIOD_STARTS = `
  WITH months AS MATERIALIZED (
    SELECT period, min(sequence) AS first, max(sequence) AS last,
        min(period) FILTER (WHERE kind = ANY($4)) AS own,
        max(sequence) FILTER (WHERE kind = 'month-return') AS last_return
      FROM transfer WHERE main_account_id = $1 GROUP BY period),
  begun AS (
    SELECT m.at, to_char(month, 'YYYY-MM') AS period, to_char(month - interval '1 month', 'YYYY-MM') AS before,
        m.purchased = 0 AND m.used = 0 AND m.balance = 0 AND m.allocated = 0 AS is_untouched
      FROM main_account_state m, generate_series(
        (least(m.period, (SELECT min(own) FROM months),
          (SELECT to_char(a.created_at AT TIME ZONE m.time_zone, 'YYYY-MM') FROM main_account a WHERE a.id = $1)) || '-01')::timestamp,
        (m.period || '-01')::timestamp, '1 month') AS month
     WHERE m.main_account_id = $1),
  bounded AS (
    SELECT b.*, coalesce((SELECT min(first) FROM months n WHERE n.period >= b.period),
        (SELECT max(last) + 1 FROM months)) AS next
      FROM begun b)
  INSERT INTO period_start AS t (main_account_id, period, generation, sequence, at, balance)
  SELECT $1, b.period, $2::int, $3::bigint, coalesce(r.at, b.at),
      CASE
        WHEN r.sequence IS NOT NULL THEN r.main_balance
        WHEN b.next IS NULL THEN CASE WHEN b.is_untouched THEN 0 END
        WHEN m.sequence IS NULL THEN CASE WHEN ${lines('1', 'b.next')} = b.next - 1 THEN 0 END
        WHEN m.kind = ANY($4) AND ${lines('m.sequence', 'b.next')} = b.next - m.sequence THEN m.main_balance
      END
    FROM bounded b
    LEFT JOIN months p ON p.period = b.before
    LEFT JOIN transfer r ON r.main_account_id = $1 AND r.sequence = p.last_return
      AND (EXISTS (SELECT FROM transfer c WHERE c.main_account_id = $1 AND c.sequence = r.sequence + 1)
        OR r.sequence = (SELECT max(last) FROM months))
    LEFT JOIN LATERAL (SELECT sequence, kind, main_balance FROM transfer l
      WHERE l.main_account_id = $1 AND l.main_line < b.next ORDER BY l.main_line DESC LIMIT 1) m ON true
   ORDER BY b.period
  ON CONFLICT (main_account_id, period) DO UPDATE SET
    generation = excluded.generation, sequence = excluded.sequence, at = excluded.at, balance = excluded.balance
  WHERE (t.generation, t.sequence) < (excluded.generation, excluded.sequence)
    OR EXISTS (SELECT FROM main_account_state s WHERE s.main_account_id = t.main_account_id
      AND (t.generation, t.sequence) > (s.generation, s.sequence))`;
