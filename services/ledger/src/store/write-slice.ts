import { withTransaction } from '@subledger/database';
import type pg from 'pg';
import { insertCommands, insertJournal, insertTransfers } from './insert-statements.js';
import { LaneFencedError, type Lease } from './lane-lease.js';
import { deleteOutbox, insertOutbox } from './outbox-statements.js';
import type { SliceWrites } from './rows.js';
import type { Statement } from './statement.js';
import {
  insertRefunds,
  upsertCharges,
  upsertHolds,
  upsertMainAccounts,
  upsertSubAccounts,
} from './upsert-statements.js';

/**
 * Rows per statement: bounds the size of a parameter (a month start of 100,000 sub-accounts is one transaction of
 * many statements) and the time of one statement.
 */
export const ROWS_PER_STATEMENT = 5_000;

/**
 * Writes a slice in one transaction, the lane's row first: that row is both the lock that makes a stale owner wait
 * for us and the fence that then stops it.
 *
 * @param published last lane sequence known to be published; outbox rows up to it are deleted
 * @throws LaneFencedError when another owner has raised the epoch; nothing was written
 * @throws CommitInDoubtError when the connection was lost during COMMIT
 */
export async function writeSlice(
  pool: pg.Pool,
  lease: Lease,
  writes: SliceWrites,
  published: { readonly sequence: bigint; readonly hasOutbox: boolean },
): Promise<void> {
  await withTransaction(pool, async (client) => {
    const { rowCount } = await client.query(advanceLane(lease, writes, published.sequence));
    if (rowCount !== 1) throw new LaneFencedError(lease.lane);
    if (published.hasOutbox) await client.query(deleteOutbox(lease.lane, published.sequence));
    for (const statement of statementsOf(lease, writes)) await client.query(statement);
  });
}

function advanceLane({ lane, epoch }: Lease, writes: SliceWrites, publishedSequence: bigint): Statement {
  const { offsets } = writes;
  return {
    name: 'ledger-lane',
    text: `UPDATE lanes SET command_offset = $3, message_offset = $4, command_last_id = $5, message_last_id = $6,
        lane_sequence = $7, published_sequence = $8, updated_at = now()
      WHERE lane = $1 AND epoch = $2`,
    values: [
      lane,
      epoch,
      offsets.commandOffset,
      offsets.messageOffset,
      offsets.commandLastId,
      offsets.messageLastId,
      writes.laneSequence,
      publishedSequence,
    ],
  };
}

/** The statements in their fixed order; empty sets cost nothing. */
function* statementsOf({ lane, generation }: Lease, writes: SliceWrites): Generator<Statement> {
  for (const block of writes.journal) yield insertJournal(lane, generation, block);
  yield* chunked(writes.transfers, insertTransfers);
  yield* chunked(writes.mainAccounts, upsertMainAccounts);
  yield* chunked(writes.subAccounts, upsertSubAccounts);
  yield* chunked(writes.holds, upsertHolds);
  yield* chunked(writes.charges, upsertCharges);
  yield* chunked(writes.refunds, insertRefunds);
  yield* chunked(writes.commands, insertCommands);
  yield* chunked(writes.outbox, (rows) => insertOutbox(lane, rows));
}

function* chunked<Row>(
  rows: readonly Row[],
  toStatement: (rows: readonly Row[]) => Statement,
): Generator<Statement> {
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const isWhole = from === 0 && rows.length <= ROWS_PER_STATEMENT;
    yield toStatement(isWhole ? rows : rows.slice(from, from + ROWS_PER_STATEMENT));
  }
}
