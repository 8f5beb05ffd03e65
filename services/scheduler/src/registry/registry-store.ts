import { nextPeriod } from '@subledger/core';
import { columns, withTransaction } from '@subledger/database';
import type pg from 'pg';
import { itemKey, lockItems, toTimestamp, writeChanges } from '../month-start/item-rows.js';
import { type RetryPolicy, settle } from '../month-start/run-item.js';
import { type Folded, foldEvents, type RegistryRow, type RollAnswer } from './fold-events.js';
import type { LedgerEvent } from './ledger-event.js';
import { type MainAccountRow, REGISTRY_COLUMNS, toRegistryRow } from './registry-rows.js';

/** The source of a batch of events, and the end of the log at that time. */
export interface BatchPosition {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read. */
  readonly nextOffset: bigint;
  readonly highWatermark: bigint;
}

export interface Applied {
  readonly changed: number;
  readonly rolled: number;
  readonly failed: number;
  /** Seconds from month start to roll, one per new roll. */
  readonly lagsSeconds: number[];
}

/**
 * Applies a batch of events to the registry and to the progress of runs, and stores its position, in one transaction.
 * The offsets in the database decide where reading continues, so a restored database reads missing events again.
 */
export class RegistryStore {
  constructor(
    private readonly pool: pg.Pool,
    private readonly policy: RetryPolicy,
  ) {}

  async apply(events: readonly LedgerEvent[], position: BatchPosition): Promise<Applied> {
    return withTransaction(this.pool, async (client) => {
      const ids = [...new Set(events.map((event) => event.mainAccountId))].sort();
      // Main accounts first, then items, then runs: the month-start job locks in the same order.
      const stored = await lockRegistry(client, ids);
      const folded = foldEvents(stored, events);
      await upsertRegistry(client, folded.changed);
      const settled = await this.#settleAll(client, folded.answers);
      await writePosition(client, position);
      return { ...settled, changed: folded.changed.length };
    });
  }

  async #settleAll(client: pg.PoolClient, answers: Folded['answers']): Promise<Omit<Applied, 'changed'>> {
    if (answers.length === 0) return { rolled: 0, failed: 0, lagsSeconds: [] };
    const items = await lockItems(client, answers);
    const nowMs = await databaseNow(client);
    const changes = answers.flatMap((answer: RollAnswer) => {
      const change = settle(answer, items.get(itemKey(answer)), nowMs, this.policy);
      return change ? [change] : [];
    });
    await writeChanges(client, changes);
    const rolled = changes.filter(({ item }) => item.state === 'rolled');
    return {
      rolled: rolled.length,
      failed: changes.length - rolled.length,
      lagsSeconds: rolled.map(({ delta }) => delta.lagMs / 1_000),
    };
  }

  /** Known main accounts, and those whose month has started without a roll, by the database's clock. */
  async counts(): Promise<{ known: number; overdue: number }> {
    const { rows } = await this.pool.query<{ known: number; overdue: number }>(
      `SELECT count(*)::int AS known, count(*) FILTER (WHERE next_month_start <= now())::int AS overdue
         FROM main_accounts`,
    );
    return rows[0] ?? { known: 0, overdue: 0 };
  }
}

/** The clock that decides: the database's, of the running transaction. */
export async function databaseNow(client: pg.PoolClient | pg.Pool): Promise<number> {
  const { rows } = await client.query<{ now: Date }>('SELECT now()');
  return (rows[0] as { now: Date }).now.getTime();
}

async function lockRegistry(
  client: pg.PoolClient,
  ids: readonly string[],
): Promise<Map<string, RegistryRow>> {
  const { rows } = await client.query<MainAccountRow>(
    `SELECT ${REGISTRY_COLUMNS} FROM main_accounts m
      WHERE m.main_account_id = ANY($1::text[]) ORDER BY m.main_account_id FOR UPDATE`,
    [ids],
  );
  return new Map(rows.map((row) => [row.main_account_id, toRegistryRow(row)]));
}

/** The guard in SQL is for a second reader of the partition, which may exist for a moment during a rebalance. */
async function upsertRegistry(client: pg.PoolClient, rows: readonly RegistryRow[]): Promise<void> {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO main_accounts AS m (main_account_id, time_zone, period, next_period, next_month_start, generation,
                                     sequence)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::int[], $7::bigint[])
     ON CONFLICT (main_account_id) DO UPDATE SET
       time_zone = excluded.time_zone, period = excluded.period, next_period = excluded.next_period,
       next_month_start = excluded.next_month_start, generation = excluded.generation,
       sequence = excluded.sequence, updated_at = now()
     WHERE (m.generation, m.sequence) < (excluded.generation, excluded.sequence)`,
    columns(
      rows,
      (row) => row.mainAccountId,
      (row) => row.timeZone,
      (row) => row.period,
      (row) => nextPeriod(row.period),
      (row) => toTimestamp(row.nextMonthStart),
      (row) => row.generation,
      (row) => row.sequence,
    ),
  );
}

async function writePosition(client: pg.PoolClient, position: BatchPosition): Promise<void> {
  await client.query(
    `INSERT INTO event_positions (topic, partition, next_offset, high_watermark) VALUES ($1, $2, $3, $4)
     ON CONFLICT (topic, partition) DO UPDATE SET
       next_offset = excluded.next_offset, high_watermark = excluded.high_watermark, updated_at = now()`,
    [position.topic, position.partition, position.nextOffset, position.highWatermark],
  );
}
