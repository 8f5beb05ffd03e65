import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

export interface RepublishOptions {
  /** Schema `gateway`. */
  readonly pool: pg.Pool;
  readonly print: (line: string) => void;
  readonly timeoutMs: number;
}

const POLL_MS = 250;

/**
 * Notes every profile as changed and waits until a gateway has published them. Deleted sub-accounts are included, so
 * that their remaining records are removed from the topic.
 *
 *
 * @returns the exit code: 1 if the time was up first
 */
export async function republishProfiles({ pool, print, timeoutMs }: RepublishOptions): Promise<number> {
  const { rows } = await pool.query<{ count: bigint; last: bigint | null }>(
    `WITH noted AS (INSERT INTO profile_change (main_account_id, sub_account_id)
                    SELECT main_account_id, sub_account_id FROM sub_account_state
                     ORDER BY main_account_id, sub_account_id RETURNING id)
     SELECT count(*) AS count, max(id) AS last FROM noted`,
  );
  const { count = 0n, last = null } = rows[0] ?? {};
  print(`Ordered: ${count} ${count === 1n ? 'profile' : 'profiles'}. A running gateway begins at once.`);
  const deadline = Date.now() + timeoutMs;
  while (last !== null && (await isWaiting(pool, last))) {
    if (Date.now() >= deadline) return giveUp(pool, print);
    await sleep(POLL_MS);
  }
  print('Done: every sub-account has its profile on subaccount.profiles.v1 again.');
  return 0;
}

async function isWaiting(pool: pg.Pool, last: bigint): Promise<boolean> {
  const { rowCount } = await pool.query('SELECT 1 FROM profile_change WHERE id <= $1 LIMIT 1', [last]);
  return rowCount === 1;
}

async function giveUp(pool: pg.Pool, print: (line: string) => void): Promise<number> {
  const { rowCount } = await pool.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway-profiles' LIMIT 1`,
  );
  print('Not done in time. The order stays: a gateway will still do it.');
  print(
    rowCount === 0
      ? 'No gateway is connected to this database. Start one.'
      : 'A gateway is connected. Its log says why profiles wait.',
  );
  return 1;
}
