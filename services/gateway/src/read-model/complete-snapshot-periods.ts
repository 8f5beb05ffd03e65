import { columns } from '@subledger/database';
import type pg from 'pg';
import { restorePeriodStarts } from './restore-period-starts.js';
import type { SnapshotMain } from './snapshot-main.js';

const TABLES = ['period_statement', 'period_late_fact', 'period_start'];

/**
 * After the last part, deletes rows that the snapshot did not bring: those that are older than its first part. A
 * statement of the snapshot has the position of its part, and a later closed one that of its event. Late facts of
 * that age are already in the figures of statements. A row that is newer than everything known of the main account is
 * damaged.
 */
export async function completeSnapshotPeriods(
  client: pg.PoolClient,
  stated: readonly SnapshotMain[],
): Promise<void> {
  if (stated.length === 0) return;
  for (const one of stated) await restorePeriodStarts(client, one);
  const values = columns(
    stated,
    (one) => one.mainAccountId,
    (one) => one.generation,
    (one) => one.sequence,
  );
  for (const table of TABLES)
    await client.query(
      `DELETE FROM ${table} t
        USING unnest($1::text[], $2::int[], $3::bigint[]) AS x (main_account_id, generation, sequence)
         JOIN main_account_state m ON m.main_account_id = x.main_account_id
        WHERE t.main_account_id = x.main_account_id
         AND ((t.generation, t.sequence) < (x.generation, x.sequence)
           OR (t.generation, t.sequence) > (m.generation, m.sequence))`,
      values,
    );
}

/** Deletes statements of main accounts that the ledger does not have. */
export async function dropPeriodsOf(client: pg.PoolClient, mainAccountIds: readonly string[]): Promise<void> {
  for (const table of TABLES)
    await client.query(
      `DELETE FROM ${table} t WHERE main_account_id = ANY($1::text[])
        AND NOT EXISTS (SELECT FROM main_account_state m WHERE m.main_account_id = t.main_account_id)`,
      [mainAccountIds],
    );
}
