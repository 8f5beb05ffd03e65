import { withTransaction } from '@subledger/database';
import type pg from 'pg';
import { LaneFencedError, type Lease } from './lane-lease.js';
import type { LaneOrders, LaneOwner, TakenLane } from './ledger-store.js';
import { deleteOutbox } from './outbox-statements.js';

interface LaneRow {
  epoch: bigint;
  generation: number;
  command_offset: bigint;
  message_offset: bigint;
  command_last_id: string | null;
  message_last_id: string | null;
  lane_sequence: bigint;
  published_sequence: bigint;
}

/**
 * Takes a lane over: raises its epoch, so that after the commit no older owner can write.
 * @param start start offsets of a lane without a row: the beginnings of its logs
 */
export async function takeLane(
  pool: pg.Pool,
  lane: number,
  owner: string,
  start: { readonly commandOffset: bigint; readonly messageOffset: bigint },
): Promise<TakenLane> {
  const { rows } = await pool.query<LaneRow>(
    `INSERT INTO lanes (lane, epoch, command_offset, message_offset, owner) VALUES ($1, 1, $2, $3, $4)
     ON CONFLICT (lane) DO UPDATE SET epoch = lanes.epoch + 1, owner = excluded.owner, updated_at = now()
     RETURNING epoch, generation, command_offset, message_offset, command_last_id, message_last_id, lane_sequence,
       published_sequence`,
    [lane, start.commandOffset, start.messageOffset, owner],
  );
  const row = rows[0] as LaneRow;
  return {
    lease: { lane, epoch: row.epoch, generation: row.generation },
    commandOffset: row.command_offset,
    messageOffset: row.message_offset,
    commandLastId: row.command_last_id,
    messageLastId: row.message_last_id,
    laneSequence: row.lane_sequence,
    publishedSequence: row.published_sequence,
  };
}

/**
 * Stores how far a lane is published, if no batch comes to carry the cursor.
 * @throws LaneFencedError
 */
export async function advanceCursor(
  pool: pg.Pool,
  { lane, epoch }: Lease,
  publishedSequence: bigint,
): Promise<void> {
  await withTransaction(pool, async (client) => {
    const { rowCount } = await client.query({
      name: 'ledger-cursor',
      // Never beyond the row's own sequence: if the database was restored, later rows would count as published.
      text: `UPDATE lanes SET published_sequence = $3, updated_at = now()
        WHERE lane = $1 AND epoch = $2 AND lane_sequence >= $3`,
      values: [lane, epoch, publishedSequence],
    });
    if (rowCount !== 1) throw new LaneFencedError(lane);
    await client.query(deleteOutbox(lane, publishedSequence));
  });
}

export async function readOwner(pool: pg.Pool, lane: number): Promise<LaneOwner | undefined> {
  const sql = 'SELECT epoch, owner FROM lanes WHERE lane = $1';
  const { rows } = await pool.query<LaneOwner>(sql, [lane]);
  return rows[0];
}

export async function readOrders(pool: pg.Pool, lanes: readonly number[]): Promise<LaneOrders[]> {
  const { rows } = await pool.query<{ lane: number; generation: number; rebuild_limits: boolean }>(
    'SELECT lane, generation, rebuild_limits FROM lanes WHERE lane = ANY ($1::int[])',
    [lanes],
  );
  return rows.map((row) => ({ ...row, rebuildLimits: row.rebuild_limits }));
}

/** @throws LaneFencedError */
export async function limitsRebuilt(pool: pg.Pool, { lane, epoch }: Lease): Promise<void> {
  const { rowCount } = await pool.query(
    'UPDATE lanes SET rebuild_limits = false WHERE lane = $1 AND epoch = $2',
    [lane, epoch],
  );
  if (rowCount !== 1) throw new LaneFencedError(lane);
}
