import { withTransaction } from '@subledger/database';
import { type Logger, PeriodicTask, RETENTION_TIMES } from '@subledger/service-kit';
import type pg from 'pg';

/** Rows of one transaction. */
const CHUNK = 5_000;

/**
 * Deletes entries older than `keepMonths` months (UTC, the one of `at` included). Safe to call at any time and by
 * several instances.
 *
 * @returns how many
 * @throws Error of the database; what was deleted until then stays deleted
 */
export async function dropOldEntries(pool: pg.Pool, keepMonths: number, at: Date): Promise<number> {
  const keptFrom = new Date(
    Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - keepMonths + 1, 1),
  ).toISOString();
  for (let all = 0; ; ) {
    const count = await withTransaction(pool, async (client) => {
      // The table's trigger refuses whoever does not say so, and whatever is younger.
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

/** Calls `dropOldEntries` a minute after the start and every few hours. */
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
