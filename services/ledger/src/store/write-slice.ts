import { withTransaction } from '@subledger/database';
import type pg from 'pg';
import { insertCommands, insertJournal, insertTransfers } from './insert-statements.js';
import { LaneFencedError, type Lease } from './lane-lease.js';
import type { PublishedCursor } from './ledger-store.js';
import { deleteOutbox, insertOutbox } from './outbox-statements.js';
import type { LaneStep, SliceWrites } from './rows.js';
import { oneStatement, type Statement } from './statement.js';
import { markTombstones, upsertStatements } from './statement-statements.js';
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
 * for us and the fence that then stops it. A slice of usual size is one statement, so that a lone command costs one
 * round trip.
 *
 * @param published last lane sequence known to be published; outbox rows up to it are deleted
 * @throws LaneFencedError when another owner has raised the epoch, or the row was restored; nothing was written
 * @throws during an outage an error after which the slice may be written or not (`isConnectionError`)
 */
export async function writeSlice(
  pool: pg.Pool,
  lease: Lease,
  writes: SliceWrites,
  published: PublishedCursor,
): Promise<void> {
  const fence = advanceLane(lease, writes, published.sequence);
  if (isChunked(writes)) await inParts(pool, lease, fence, statementsOf(lease, writes, published));
  else {
    const statements = [...statementsOf(lease, writes, published)];
    // One name per combination of sets, so that each is parsed once.
    const name = `ledger-slice:${statements.map((statement) => statement.name.slice('ledger-'.length)).join('+')}`;
    const { rowCount } = await pool.query(shortNamed(oneStatement(name, fence, statements)));
    if (rowCount !== 1) throw new LaneFencedError(lease.lane);
  }
}

/**
 * Writes a slice that is made part by part while it is written, in one transaction.
 * @throws as `writeSlice`
 */
export async function writeParts(
  pool: pg.Pool,
  lease: Lease,
  step: LaneStep,
  parts: Iterable<SliceWrites>,
  published: PublishedCursor,
): Promise<void> {
  await inParts(pool, lease, advanceLane(lease, step, published.sequence), statementsOfParts());

  function* statementsOfParts(): Generator<Statement> {
    let cursor = published;
    for (const part of parts) {
      yield* statementsOf(lease, part, cursor);
      cursor = { ...published, hasOutbox: false };
    }
  }
}

async function inParts(
  pool: pg.Pool,
  lease: Lease,
  fence: Statement,
  statements: Iterable<Statement>,
): Promise<void> {
  await withTransaction(pool, async (client) => {
    const { rowCount } = await client.query(fence);
    if (rowCount !== 1) throw new LaneFencedError(lease.lane);
    for (const statement of statements) await client.query(statement);
  });
}

const shortNames = new Map<string, string>();

/** PostgreSQL cuts names off at 63 bytes. */
function shortNamed(statement: Statement): Statement {
  let name = shortNames.get(statement.name);
  if (name === undefined) {
    name = `ledger-slice-${shortNames.size}`;
    shortNames.set(statement.name, name);
  }
  return { ...statement, name };
}

/** Whether a set is too large for one statement. */
function isChunked(writes: SliceWrites): boolean {
  const { transfers, subAccounts, outbox, journal } = writes;
  return (
    journal.length > 1 || [transfers, subAccounts, outbox].some((rows) => rows.length > ROWS_PER_STATEMENT)
  );
}

/**
 * The row must also be where this slice goes on from: a database that was restored under a running lane may have the
 * lane's epoch, and the books in memory are ahead of it.
 */
function advanceLane({ lane, epoch }: Lease, step: LaneStep, publishedSequence: bigint): Statement {
  const { offsets, laneSequence, laneSequenceBefore } = step;
  return {
    name: 'ledger-lane',
    text: `UPDATE lanes SET command_offset = $3, message_offset = $4, command_last_id = $5, message_last_id = $6,
        lane_sequence = $7, published_sequence = $8, updated_at = now()
      WHERE lane = $1 AND epoch = $2 AND lane_sequence = $9 RETURNING lane`,
    values: [
      lane,
      epoch,
      offsets.commandOffset,
      offsets.messageOffset,
      offsets.commandLastId,
      offsets.messageLastId,
      laneSequence,
      publishedSequence,
      laneSequenceBefore,
    ],
  };
}

/** The statements in their fixed order, each made when it is due; empty sets cost nothing. */
function* statementsOf(
  { lane, generation }: Lease,
  writes: SliceWrites,
  published: PublishedCursor,
): Generator<Statement> {
  if (published.hasOutbox) yield deleteOutbox(lane, published.sequence);
  for (const block of writes.journal) yield insertJournal(lane, generation, block);
  yield* chunked(writes.transfers, insertTransfers);
  yield* chunked(writes.mainAccounts, upsertMainAccounts);
  yield* chunked(writes.subAccounts, upsertSubAccounts);
  yield* chunked(writes.holds, upsertHolds);
  yield* chunked(writes.charges, upsertCharges);
  yield* chunked(writes.refunds, insertRefunds);
  yield* chunked(writes.commands, insertCommands);
  yield* chunked(writes.statements, upsertStatements);
  yield* chunked(writes.tombstones, markTombstones);
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
