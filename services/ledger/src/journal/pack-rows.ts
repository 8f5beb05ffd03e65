import { withTransaction } from '@subledger/database';
import { packEvents } from '@subledger/wire';
import type pg from 'pg';
import { storeBlock } from './journal-store.js';

/** The journal of releases before the blocks: a row per event. */
const OLD_TABLE = 'journal_rows';
const EVENTS_PER_TRANSACTION = 10_000;
const LOCK = 'ledger.pack-journal';

interface OldRow {
  lane: number;
  lane_sequence: bigint;
  generation: number;
  at: Date;
  payload: string;
}

export interface PackProgress {
  readonly packed: number;
  /** By PostgreSQL's statistics. */
  readonly estimated: number;
}

/** Events whose old rows and blocks differ. Nothing was dropped. */
export class PackMismatchError extends Error {
  override readonly name = 'PackMismatchError';
}

/** Whether there are rows of a release before. */
export async function hasOldJournal(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ there: boolean }>(
    `SELECT to_regclass('${OLD_TABLE}') IS NOT NULL AS there`,
  );
  return rows[0]?.there ?? false;
}

/**
 * Makes blocks of the rows that a release before wrote, lane by lane, and then drops the rows. No ledger may work
 * meanwhile. It can be stopped at any moment: a repeat goes on after the last block. Two at a time wait for each other.
 * @param onProgress called after each transaction
 * @returns the number of events packed
 * @throws PackMismatchError if in the end the blocks have other events than the rows
 */
export async function packOldJournal(
  pool: pg.Pool,
  onProgress: (progress: PackProgress) => void = () => undefined,
): Promise<number> {
  const holder = await pool.connect();
  try {
    await holder.query('SELECT pg_advisory_lock(hashtext($1))', [LOCK]);
    if (!(await hasOldJournal(pool))) return 0;
    await ensureMonths(pool);
    const estimated = await estimate(pool);
    let packed = 0;
    const { rows: lanes } = await pool.query<{ lane: number }>('SELECT lane FROM lanes ORDER BY lane');
    for (const { lane } of lanes) {
      for (let count = -1; count !== 0; ) {
        count = await packPage(pool, lane);
        packed += count;
        if (count > 0) onProgress({ packed, estimated });
      }
    }
    await dropRows(pool);
    return packed;
  } finally {
    // Its lock goes with the connection.
    holder.release(true);
  }
}

/** One transaction: the lane's next rows become blocks. @returns their number */
function packPage(pool: pg.Pool, lane: number): Promise<number> {
  return withTransaction(pool, async (client) => {
    const { rows } = await client.query<OldRow>(
      `SELECT lane, lane_sequence, generation, at, payload FROM ${OLD_TABLE}
        WHERE lane = $1 AND lane_sequence > (SELECT coalesce(max(last_sequence), 0) FROM journal WHERE lane = $1)
        ORDER BY lane_sequence LIMIT ${EVENTS_PER_TRANSACTION}`,
      [lane],
    );
    const events = rows.map(({ lane_sequence, at, ...row }) => {
      return { ...row, laneSequence: BigInt(lane_sequence), at: at.toISOString() };
    });
    for (const block of packEvents(events)) await storeBlock(client, block);
    return rows.length;
  });
}

async function ensureMonths(pool: pg.Pool): Promise<void> {
  await pool.query(
    `SELECT create_month_partition('journal', month::date)
      FROM (SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') AS month FROM ${OLD_TABLE}) AS months`,
  );
}

async function estimate(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ rows: number }>(
    `SELECT coalesce(sum(greatest(reltuples, 0)), 0)::float8 AS rows FROM pg_class
      WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = '${OLD_TABLE}'::regclass)`,
  );
  return rows[0]?.rows ?? 0;
}

/** Compares numbers per lane before the rows go. */
async function dropRows(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ lane: number }>(
    `SELECT lane FROM (SELECT lane, count(*) AS events FROM ${OLD_TABLE} GROUP BY 1) AS old
       FULL JOIN (SELECT lane, sum(last_sequence - first_sequence + 1) AS events FROM journal GROUP BY 1) AS new USING (lane)
      WHERE old.events IS DISTINCT FROM new.events ORDER BY 1`,
  );
  if (rows.length > 0) {
    const lanes = rows.map(({ lane }) => lane).join(', ');
    throw new PackMismatchError(
      `The blocks have other events than the rows (lanes ${lanes}). Nothing was dropped. Is a ledger running?`,
    );
  }
  await pool.query(`DROP TABLE ${OLD_TABLE}`);
}
