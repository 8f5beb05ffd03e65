import { PeriodicTask } from '@subledger/service-kit';
import type pg from 'pg';
import { withTransaction } from './transaction.js';

/**
 * Months before and after the current one that always have a partition, because records may have waited in the log.
 */
const MONTHS_BEFORE = 1;
const MONTHS_AHEAD = 2;
const EVERY_MS = 6 * 3_600_000;
const RETRY_MS = 60_000;
/**
 * Attaching a partition waits for writers, and later writers wait behind it. So it gives up after this time and tries
 * again later.
 */
const LOCK_TIMEOUT_MS = 2_000;

export interface MonthlyTables {
  /** Tables partitioned by month (UTC), in a schema that has the function `create_month_partition(text, date)`. */
  readonly tables: readonly string[];
  /** Name of the advisory lock for creating or detaching their partitions. */
  readonly lock: string;
}

interface PartitionLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Creates missing partitions for the months around `at`.
 * @returns the number of created partitions
 */
export async function ensurePartitions(
  pool: pg.Pool,
  { tables, lock }: MonthlyTables,
  at: Date,
): Promise<number> {
  return withTransaction(pool, async (client) => {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    // Replicas start together: one creates the partitions, and the others find them.
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [lock]);
    const { rows } = await client.query<{ created: number }>(
      `SELECT count(*) FILTER (WHERE create_month_partition(parent, month::date))::int AS created
        FROM unnest($1::text[]) AS parent, generate_series($2::int, $3::int) AS n,
        LATERAL (SELECT date_trunc('month', $4::timestamptz AT TIME ZONE 'UTC') + n * INTERVAL '1 month' AS month) AS months`,
      [tables, -MONTHS_BEFORE, MONTHS_AHEAD, at.toISOString()],
    );
    return rows[0]?.created ?? 0;
  });
}

/** Keeps partitions for the coming months, at the start and every few hours. */
export class PartitionKeeper {
  readonly #task: PeriodicTask;

  constructor(pool: pg.Pool, monthly: MonthlyTables, log: PartitionLog) {
    const ensure = async () => {
      const created = await ensurePartitions(pool, monthly, new Date());
      if (created > 0) log.info({ created }, 'partitions of the coming months created');
    };
    this.#task = new PeriodicTask(ensure, {
      firstMs: 0,
      everyMs: EVERY_MS,
      retryMs: RETRY_MS,
      onError: (err) =>
        log.warn({ err }, 'partitions of the coming months could not be created, tried again in a minute'),
    });
  }

  /**
   * Resolves after the first attempt and never rejects: without a partition, rows go to the default one, and an
   * outage ends eventually.
   */
  start(): Promise<void> {
    return this.#task.runNow();
  }

  stop(): Promise<void> {
    return this.#task.close();
  }
}
