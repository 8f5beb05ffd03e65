import { withTransaction } from '@subledger/database';
import { type Logger, PeriodicTask, RETENTION_TIMES } from '@subledger/service-kit';
import type pg from 'pg';

/** Maximum rows per transaction. */
const CHUNK = 5_000;

/**
 * Deletes entries older than `keepMonths` months (UTC, including the month of `at`). Safe to call at any time and by
 * several instances.
 *
 *
 * @returns the number of deleted entries
 * @throws the database's error; entries deleted before it stay deleted
 */
export async function dropOldEntries(pool: pg.Pool, keepMonths: number, at: Date): Promise<number> {
  const keptFrom = new Date(
    Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - keepMonths + 1, 1),
  ).toISOString();
  for (let all = 0; ; ) {
    const count = await withTransaction(pool, async (client) => {
      // The table's trigger refuses deletions without this setting, and deletions of younger rows.
      await client.query(`SELECT set_config('subledger.audit_kept_from', $1, true)`, [keptFrom]);
      const { rowCount } = await client.query(
        `DELETE FROM audit_entry WHERE id IN (
           SELECT id FROM audit_entry WHERE at < $1 ORDER BY at, id LIMIT ${CHUNK} FOR UPDATE SKIP LOCKED)`,
        [keptFrom],
      );
      return rowCount ?? 0;
    });
    all += count;
    if (count < CHUNK) return all;
  }
}

/** Calls `dropOldEntries` a minute after the start and then every few hours. */
export const auditRetention = (pool: pg.Pool, keepMonths: number, log: Logger): PeriodicTask =>
  new PeriodicTask(
    async () => {
      const entries = await dropOldEntries(pool, keepMonths, new Date());
      if (entries > 0) log.info({ entries }, 'old entries of the audit log dropped');
    },
    {
      ...RETENTION_TIMES,
      onError: (err) =>
        log.warn({ err }, 'old entries of the audit log could not be dropped, tried again later'),
    },
  );
