import type pg from 'pg';
import type { DueHold } from './known.js';

interface Row {
  readonly main_account_id: string;
  readonly message_id: string;
  readonly expires_at: Date;
}

/**
 * Open holds whose end has passed by the database's clock, by their end, at most `max`. The partial index
 * `holds_expiry` holds open holds only, so what has ended long ago costs nothing.
 * @param after the last one of the page before
 */
export async function holdsDue(
  pool: pg.Pool,
  after: DueHold | null,
  max: number,
): Promise<{ readonly at: number; readonly holds: DueHold[] }> {
  const clock = await pool.query<{ now: Date }>({
    name: 'ledger-clock',
    text: 'SELECT date_trunc($1, now()) AS now',
    values: ['milliseconds'],
  });
  const now = (clock.rows[0] as { now: Date }).now;
  const { rows } = await pool.query<Row>({
    name: 'ledger-holds-due',
    text: `SELECT main_account_id, message_id, expires_at FROM holds
      WHERE state = 'open' AND expires_at <= $1
        AND (expires_at, main_account_id, message_id) > ($2::timestamptz, $3::text, $4::text)
      ORDER BY expires_at, main_account_id, message_id LIMIT $5`,
    values: [
      now,
      after ? new Date(after.expiresAt) : '-infinity',
      after?.mainAccountId ?? '',
      after?.id ?? '',
      max,
    ],
  });
  const holds = rows.map((row) => ({
    mainAccountId: row.main_account_id,
    id: row.message_id,
    expiresAt: row.expires_at.getTime(),
  }));
  return { at: now.getTime(), holds };
}
