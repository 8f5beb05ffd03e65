import type pg from 'pg';
import type { SnapshotMain } from './snapshot-main.js';

/**
 * Moves of main that only the open period has: after one that counts to an older period, nothing late can have come
 * before it. All others may belong to a message, a hold or a refund of a period that is over.
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
 * Where the periods of a main account begin, from the lines that the ledger stated: no part says it. Main's balance then
 * is that after the last return of the month before. Without any, it is what the last move of main left that came before
 * all lines of the new period; if that one may itself have come after the month start (late), it is not known, and null.
 * The same where lines are missing (months that the ledger has detached). Rows of events since the first part stay.
 */
export async function restorePeriodStarts(
  client: pg.PoolClient,
  { mainAccountId, generation, sequence }: SnapshotMain,
): Promise<void> {
  await client.query(TURNS, [mainAccountId, generation, sequence, NEVER_LATE]);
}

/** How many lines there are from the one before to the other: as many as their numbers say, if none is missing. */
const lines = (from: string, to: string): string =>
  `(SELECT count(*) FROM transfer c WHERE c.main_account_id = $1 AND c.sequence >= ${from} AND c.sequence < ${to})`;

/**
 * One pass over the main account's lines, then a few looks into the indexes for each period. Periods begin with that in
 * which the main account was made, or that of its first line, if that is older.
 */
const TURNS = `
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
