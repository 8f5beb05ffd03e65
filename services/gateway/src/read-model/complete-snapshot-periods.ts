import { columns } from '@subledger/database';
import type pg from 'pg';
import { restorePeriodStarts } from './restore-period-starts.js';
import type { SnapshotMain } from './snapshot-main.js';

const TABLES = ['period_statement', 'period_late_fact', 'period_start'];

/**
 * What the ledger's books did not bring goes, once all parts have come: whatever is older than the first of them. A
 * statement of the books has the position of its part, and one that an event closed since has that of the event. Late
 * facts so old are in the figures of statements. What claims to be newer than all that is known of the main account is
 * damage.
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

/** Statements of main accounts that the ledger does not have. */
export async function dropPeriodsOf(client: pg.PoolClient, mainAccountIds: readonly string[]): Promise<void> {
  for (const table of TABLES)
    await client.query(
      `DELETE FROM ${table} t WHERE main_account_id = ANY($1::text[])
        AND NOT EXISTS (SELECT FROM main_account_state m WHERE m.main_account_id = t.main_account_id)`,
      [mainAccountIds],
    );
}
