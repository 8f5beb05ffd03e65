import type pg from 'pg';
import type { DueHold } from './known.js';

/** One row per hold, or one without a hold, for the time. */
interface Row {
  readonly now: Date;
  readonly main_account_id: string | null;
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
  const { rows } = await pool.query<Row>({
    name: 'ledger-holds-due',
    text: `SELECT clock.now, due.* FROM (SELECT date_trunc('milliseconds', now()) AS now) clock LEFT JOIN LATERAL (
        SELECT main_account_id, message_id, expires_at FROM holds
        WHERE state = 'open' AND expires_at <= clock.now
          AND (expires_at, main_account_id, message_id) > ($1::timestamptz, $2::text, $3::text)
        ORDER BY expires_at, main_account_id, message_id LIMIT $4) due ON true`,
    values: [
      after ? new Date(after.expiresAt) : '-infinity',
      after?.mainAccountId ?? '',
      after?.id ?? '',
      max,
    ],
  });
  const holds = rows.flatMap((row) =>
    row.main_account_id === null
      ? []
      : [
          {
            mainAccountId: row.main_account_id,
            id: row.message_id,
            expiresAt: row.expires_at.getTime(),
          },
        ],
  );
  return { at: (rows[0] as Row).now.getTime(), holds };
}
