import { columns } from '@subledger/database';
import type pg from 'pg';
import type { ItemChange, ItemState, RunDelta, RunItem } from './run-item.js';

/** ISO text for a timestamptz parameter, exact to the millisecond in any time zone of the process. */
export const toTimestamp = (epochMs: number): string => new Date(epochMs).toISOString();
const toTimestampOrNull = (epochMs: number | null): string | null =>
  epochMs === null ? null : toTimestamp(epochMs);

export interface ItemKey {
  readonly period: string;
  readonly mainAccountId: string;
}
export const itemKey = (key: ItemKey): string => `${key.mainAccountId} ${key.period}`;

interface Row {
  period: string;
  main_account_id: string;
  due_at: Date;
  state: ItemState;
  attempts: number;
  retry_at: Date | null;
  answered_at: Date | null;
  funded: number;
  unfunded: number;
  code: string | null;
  generation: number;
}

const toItem = (row: Row): RunItem => ({
  period: row.period,
  mainAccountId: row.main_account_id,
  dueAt: row.due_at.getTime(),
  state: row.state,
  attempts: row.attempts,
  retryAt: row.retry_at?.getTime() ?? null,
  answeredAt: row.answered_at?.getTime() ?? null,
  funded: row.funded,
  unfunded: row.unfunded,
  code: row.code,
  generation: row.generation,
});

/**
 * The stored items of these keys, locked. The caller has already locked the rows of their main accounts, so nobody
 * changes the counted rows in between.
 */
export async function lockItems(
  client: pg.PoolClient,
  keys: readonly ItemKey[],
): Promise<Map<string, RunItem>> {
  if (keys.length === 0) return new Map();
  const { rows } = await client.query<Row>(
    `SELECT i.period, i.main_account_id, i.due_at, i.state, i.attempts, i.retry_at, i.answered_at,
            i.funded, i.unfunded, i.code, i.generation
       FROM unnest($1::text[], $2::text[]) AS k(period, main_account_id)
       JOIN run_items i USING (period, main_account_id)
      ORDER BY i.period, i.main_account_id
        FOR UPDATE OF i`,
    columns(
      keys,
      (key) => key.period,
      (key) => key.mainAccountId,
    ),
  );
  return new Map(
    rows.map((row) => [itemKey({ period: row.period, mainAccountId: row.main_account_id }), toItem(row)]),
  );
}

/** Writes changed items and adds them to their runs: two SQL statements for any number of items. */
export async function writeChanges(client: pg.PoolClient, changes: readonly ItemChange[]): Promise<void> {
  if (changes.length === 0) return;
  await client.query(
    `INSERT INTO run_items AS i (period, main_account_id, due_at, state, attempts, claimed_at, retry_at,
                                 answered_at, funded, unfunded, code, generation)
     SELECT period, main_account_id, due_at, state, attempts,
            CASE WHEN state = 'claimed' THEN now() END, retry_at, answered_at, funded, unfunded, code, generation
       FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::int[], $6::timestamptz[],
                   $7::timestamptz[], $8::int[], $9::int[], $10::text[], $11::int[])
         AS c(period, main_account_id, due_at, state, attempts, retry_at, answered_at, funded, unfunded, code, generation)
     ON CONFLICT (period, main_account_id) DO UPDATE SET
       state = excluded.state, attempts = excluded.attempts, retry_at = excluded.retry_at,
       claimed_at = coalesce(excluded.claimed_at, i.claimed_at), answered_at = excluded.answered_at,
       funded = excluded.funded, unfunded = excluded.unfunded, code = excluded.code,
       generation = excluded.generation`,
    columns(
      changes.map((change) => change.item),
      (item) => item.period,
      (item) => item.mainAccountId,
      (item) => toTimestamp(item.dueAt),
      (item) => item.state,
      (item) => item.attempts,
      (item) => toTimestampOrNull(item.retryAt),
      (item) => toTimestampOrNull(item.answeredAt),
      (item) => item.funded,
      (item) => item.unfunded,
      (item) => item.code,
      (item) => item.generation,
    ),
  );
  await addToRuns(
    client,
    changes.map((change) => change.delta),
  );
}

/** Sums per period first: an SQL statement may write a row of `runs` only once. */
function sumDeltas(deltas: readonly RunDelta[]): (RunDelta & { lastDueAt: number })[] {
  const sums = new Map<string, RunDelta & { lastDueAt: number }>();
  for (const delta of deltas) {
    const sum = sums.get(delta.period);
    sums.set(delta.period, {
      period: delta.period,
      dueAt: Math.min(sum?.dueAt ?? delta.dueAt, delta.dueAt),
      lastDueAt: Math.max(sum?.lastDueAt ?? delta.dueAt, delta.dueAt),
      due: (sum?.due ?? 0) + delta.due,
      rolled: (sum?.rolled ?? 0) + delta.rolled,
      failed: (sum?.failed ?? 0) + delta.failed,
      unfunded: (sum?.unfunded ?? 0) + delta.unfunded,
      unfundedSubAccounts: (sum?.unfundedSubAccounts ?? 0) + delta.unfundedSubAccounts,
      lagMs: Math.max(sum?.lagMs ?? 0, delta.lagMs),
    });
  }
  // Sorted by key, so that concurrent transactions lock rows in the same order.
  return [...sums.values()].sort((a, b) => (a.period < b.period ? -1 : 1));
}

async function addToRuns(client: pg.PoolClient, deltas: readonly RunDelta[]): Promise<void> {
  await client.query(
    `INSERT INTO runs AS r (period, first_due_at, last_due_at, due, rolled, failed, unfunded,
                            unfunded_sub_accounts, lag_ms)
     SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::int[], $5::int[], $6::int[],
                          $7::int[], $8::int[], $9::bigint[])
     ON CONFLICT (period) DO UPDATE SET
       first_due_at = least(r.first_due_at, excluded.first_due_at),
       last_due_at = greatest(r.last_due_at, excluded.last_due_at),
       due = r.due + excluded.due, rolled = r.rolled + excluded.rolled, failed = r.failed + excluded.failed,
       unfunded = r.unfunded + excluded.unfunded,
       unfunded_sub_accounts = r.unfunded_sub_accounts + excluded.unfunded_sub_accounts,
       lag_ms = greatest(r.lag_ms, excluded.lag_ms), updated_at = now()`,
    columns(
      sumDeltas(deltas),
      (run) => run.period,
      (run) => toTimestamp(run.dueAt),
      (run) => toTimestamp(run.lastDueAt),
      (run) => run.due,
      (run) => run.rolled,
      (run) => run.failed,
      (run) => run.unfunded,
      (run) => run.unfundedSubAccounts,
      (run) => Math.round(run.lagMs),
    ),
  );
}
