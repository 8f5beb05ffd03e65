import { columns, withTransaction } from '@subledger/database';
import type pg from 'pg';
import { type MainAccountRow, REGISTRY_COLUMNS, toRegistryRow } from '../registry/registry-rows.js';
import { databaseNow } from '../registry/registry-store.js';
import { duePeriods } from './due-periods.js';
import { type ItemKey, itemKey, lockItems, toTimestamp, writeChanges } from './item-rows.js';
import { claim, type ItemChange, type RetryPolicy, type RunItem } from './run-item.js';

/** Position in the order (month start, main account). */
export interface PageCursor {
  readonly nextMonthStart: number;
  readonly mainAccountId: string;
}

export interface ClaimRequest {
  /** Month starts up to this instant are due, epoch milliseconds. */
  readonly asOfMs: number;
  readonly after: PageCursor | undefined;
  /** Maximum main accounts of a page. */
  readonly limit: number;
  /** Also claim rolls that were sent a moment ago and are not answered yet. */
  readonly force: boolean;
}

export interface ClaimedPage {
  readonly items: RunItem[];
  /** Start of the next page, or undefined after the last. */
  readonly next: PageCursor | undefined;
}

/** The rows that decide which month starts are due and who sends them. */
export class MonthStartStore {
  constructor(
    private readonly pool: pg.Pool,
    private readonly policy: RetryPolicy,
  ) {}

  async now(): Promise<number> {
    return databaseNow(this.pool);
  }

  /**
   * Claims every missed month of a page of main accounts. A main account that another replica is claiming is skipped.
   * All missed months of an account are claimed together, so that one sender keeps their order.
   */
  async claimPage(request: ClaimRequest): Promise<ClaimedPage> {
    return withTransaction(this.pool, async (client) => {
      const accounts = await lockDue(client, request);
      const last = accounts.at(-1);
      if (last === undefined) return { items: [], next: undefined };
      const due = accounts.flatMap((account) =>
        duePeriods(account, request.asOfMs).map((period) => ({ account, period })),
      );
      const keys = due.map(({ account, period }) => ({
        period: period.period,
        mainAccountId: account.mainAccountId,
      }));
      const stored = await lockItems(client, keys);
      const nowMs = await databaseNow(client);
      const changes = due.flatMap(({ account, period }, index) => {
        const key = itemKey(keys[index] as ItemKey);
        const change = claim(account, period, stored.get(key), nowMs, this.policy, request.force);
        return change ? [change] : [];
      });
      await writeChanges(client, changes);
      const next = accounts.length < request.limit ? undefined : last;
      return { items: changes.map((change: ItemChange) => change.item), next };
    });
  }

  /** Marks items that the broker has. If an answer has come before, it is kept. */
  async markEmitted(keys: readonly ItemKey[]): Promise<void> {
    if (keys.length === 0) return;
    await withTransaction(this.pool, async (client) => {
      // Locked in the same order as by the events' reader.
      await lockItems(client, keys);
      const { rows } = await client.query<{ period: string; first: number }>(
        `WITH emitted AS (
           UPDATE run_items i SET emitted_at = now()
             FROM unnest($1::text[], $2::text[]) AS k(period, main_account_id)
            WHERE i.period = k.period AND i.main_account_id = k.main_account_id AND i.emitted_at IS NULL
           RETURNING i.period)
         SELECT period, count(*)::int AS first FROM emitted GROUP BY period ORDER BY period`,
        keyColumns(keys),
      );
      await client.query(
        `UPDATE run_items i SET state = 'emitted'
           FROM unnest($1::text[], $2::text[]) AS k(period, main_account_id)
          WHERE i.period = k.period AND i.main_account_id = k.main_account_id AND i.state = 'claimed'`,
        keyColumns(keys),
      );
      await client.query(
        // Locked by period, as `addToRuns` does: a join alone would lock them in any order, and two replicas in two.
        `WITH locked AS (SELECT period FROM runs WHERE period = ANY ($1::text[]) ORDER BY period FOR UPDATE)
         UPDATE runs r SET emitted = r.emitted + e.first, updated_at = now()
           FROM locked JOIN unnest($1::text[], $2::int[]) AS e(period, first) USING (period)
          WHERE r.period = locked.period`,
        columns(
          rows,
          (row) => row.period,
          (row) => row.first,
        ),
      );
    });
  }

  /** Releases items that the broker did not accept: any replica may try again at once. */
  async release(keys: readonly ItemKey[]): Promise<void> {
    if (keys.length === 0) return;
    await withTransaction(this.pool, async (client) => {
      await lockItems(client, keys);
      await client.query(
        `UPDATE run_items i SET retry_at = now()
           FROM unnest($1::text[], $2::text[]) AS k(period, main_account_id)
          WHERE i.period = k.period AND i.main_account_id = k.main_account_id AND i.state = 'claimed'`,
        keyColumns(keys),
      );
    });
  }

  /** Milliseconds until the next month start, if it is at most `withinMs` away. */
  async nextDueInMs(withinMs: number): Promise<number | undefined> {
    const { rows } = await this.pool.query<{ wait_ms: number | null }>(
      `SELECT extract(epoch FROM min(next_month_start) - clock_timestamp())::float8 * 1000 AS wait_ms
         FROM main_accounts
        WHERE next_month_start > now() AND next_month_start <= now() + $1::float8 * interval '1 millisecond'`,
      [withinMs],
    );
    const waitMs = rows[0]?.wait_ms;
    return waitMs === null || waitMs === undefined ? undefined : Math.max(0, Math.ceil(waitMs));
  }
}

const keyColumns = (keys: readonly ItemKey[]) =>
  columns(
    keys,
    (key) => key.period,
    (key) => key.mainAccountId,
  );

/**
 * Due main accounts, locked, whose next period has no item that keeps others off: no item, one whose `retry_at` has
 * passed, or a roll of an older generation of the books. Main accounts that another replica has locked are skipped.
 */
async function lockDue(client: pg.PoolClient, request: ClaimRequest) {
  const { rows } = await client.query<MainAccountRow>(
    `SELECT ${REGISTRY_COLUMNS} FROM main_accounts m
      WHERE m.next_month_start <= $1::timestamptz
        AND (m.next_month_start, m.main_account_id) > ($2::timestamptz, $3::text)
        AND NOT EXISTS (
          SELECT FROM run_items i
           WHERE i.period = m.next_period AND i.main_account_id = m.main_account_id
             AND CASE WHEN i.state = 'rolled' THEN i.generation >= m.generation
                      ELSE i.retry_at > now() AND NOT $4::boolean END)
      ORDER BY m.next_month_start, m.main_account_id
      LIMIT $5
        FOR UPDATE OF m SKIP LOCKED`,
    [
      toTimestamp(request.asOfMs),
      request.after ? toTimestamp(request.after.nextMonthStart) : '-infinity',
      request.after?.mainAccountId ?? '',
      request.force,
      request.limit,
    ],
  );
  return rows.map(toRegistryRow);
}
