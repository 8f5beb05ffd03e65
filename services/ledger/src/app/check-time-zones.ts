import { isTimeZone } from '@subledger/contracts';
import type { Logger } from '@subledger/service-kit';
import type pg from 'pg';
import type { LedgerMetrics } from '../metrics.js';

interface StoredZone {
  zone: string;
  main_accounts: bigint;
  example: string;
}

/**
 * Checks the time zones of all books once, at start. A zone that an older release accepted, or that this runtime's
 * zone data no longer has, would make a month start fail. Such zones raise an alarm, but the ledger starts.
 */
export async function checkTimeZones(
  pool: Pick<pg.Pool, 'query'>,
  metrics: Pick<LedgerMetrics, 'unusableTimeZones'>,
  log: Pick<Logger, 'error' | 'warn'>,
): Promise<void> {
  try {
    const { rows } = await pool.query<StoredZone>(
      `SELECT zone, count(*) AS main_accounts, min(main_account_id) AS example
         FROM main_accounts CROSS JOIN LATERAL (VALUES (time_zone), (next_time_zone)) AS zones (zone)
        WHERE zone IS NOT NULL GROUP BY zone`,
    );
    const unusable = rows.filter(({ zone }) => !isTimeZone(zone));
    metrics.unusableTimeZones.set(unusable.length);
    for (const { zone, main_accounts: mainAccounts, example } of unusable)
      log.error(
        { zone, mainAccounts: String(mainAccounts), example },
        'a main account has a time zone that is none: its month start would fail (docs/operations/failed-month-start.md)',
      );
  } catch (err) {
    log.warn({ err }, 'time zones could not be checked');
  }
}
