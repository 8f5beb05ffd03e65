import { plainArray, type Statement, shortName, textArray, withTransaction } from '@subledger/database';
import { type EncodedBlock, encodeBlock } from '@subledger/wire';
import type pg from 'pg';
import { insertJournal } from '../journal/journal-store.js';
import { insertCommands, insertTransfers } from './insert-statements.js';
import { LaneFencedError, type Lease } from './lane-lease.js';
import type { PublishedCursor } from './ledger-store.js';
import { deleteOutbox, insertOutbox } from './outbox-statements.js';
import type { BatchWrites, LaneStep } from './rows.js';
import { type LaneStatement, oneStatement } from './statement.js';
import { markTombstones, upsertStatements } from './statement-statements.js';
import {
  insertReferences,
  insertRefunds,
  upsertCharges,
  upsertHolds,
  upsertMainAccounts,
  upsertSubAccounts,
} from './upsert-statements.js';

/**
 * Rows per SQL statement. Limits the size of a parameter (a month start of 100,000 sub-accounts is one transaction of
 * many SQL statements) and the time of one SQL statement.
 */
const ROWS_PER_STATEMENT = 5_000;
const BLOCKS_PER_STATEMENT = 8;

/** A lane's batch, and the right to write it. */
export interface BatchToWrite {
  readonly lease: Lease;
  readonly writes: BatchWrites;
  /** `writes.journal`, encoded. */
  readonly blocks: readonly EncodedBlock[];
  /** Last lane sequence known to be published; outbox rows up to it are deleted. */
  readonly published: PublishedCursor;
}

/**
 * Writes batches of different lanes in one transaction, the lanes' rows first. Such a row is both the lock that makes
 * an outdated owner wait and the fence that then stops it (docs/decisions/0022). Batches of usual size are one SQL
 * statement, so that a single command costs one round trip.
 *
 * Batches that delete from or add to the outbox, and very large ones, are written alone.
 *
 * @throws LaneFencedError if another owner has raised an epoch, or a row was restored; nothing was written
 * @throws during an outage an error after which the batches may be written or not (`isConnectionError`)
 */
export async function writeBatches(pool: pg.Pool, batches: readonly BatchToWrite[]): Promise<void> {
  const [first] = batches;
  if (first === undefined) return;
  const steps = batches.map(({ lease, writes, published }) => ({ lease, step: writes, published }));
  const fence = advanceLanes(steps);
  if (batches.length === 1 && isChunked(first.writes)) {
    return inParts(pool, first.lease, fence, statementsOf([first]));
  }
  const statements = [...statementsOf(batches)];
  // One name per combination of parts, so that each is parsed once.
  const names = [fence, ...statements].map((statement) => statement.name.slice('ledger-'.length));
  const name = shortName('ledger-batch', names.join('+'));
  const { rowCount } = await pool.query(oneStatement(name, fence, statements));
  if (rowCount !== batches.length) throw new LaneFencedError(first.lease.lane);
}

/**
 * Writes a batch in one transaction, part by part while it is made.
 * @throws as `writeBatches`
 */
export async function writeParts(
  pool: pg.Pool,
  lease: Lease,
  step: LaneStep,
  parts: Iterable<BatchWrites>,
  published: PublishedCursor,
): Promise<void> {
  await inParts(pool, lease, advanceLanes([{ lease, step, published }]), statementsOfParts());

  function* statementsOfParts(): Generator<Statement> {
    let cursor = published;
    for (const writes of parts) {
      const blocks = writes.journal.map(encodeBlock);
      yield* statementsOf([{ lease, writes, blocks, published: cursor }]);
      cursor = { ...published, hasOutbox: false };
    }
  }
}

/** Makes the next SQL statement while PostgreSQL works on the previous one. */
async function inParts(
  pool: pg.Pool,
  lease: Lease,
  fence: Statement,
  statements: Iterable<Statement>,
): Promise<void> {
  await withTransaction(pool, async (client) => {
    const { rowCount } = await client.query(fence);
    if (rowCount !== 1) throw new LaneFencedError(lease.lane);
    let atWork: Promise<unknown> | undefined;
    try {
      for (const statement of statements) {
        await atWork;
        atWork = client.query(statement);
        // The next `await` notices a failure. Until then it must not be an unhandled rejection.
        atWork.catch(() => undefined);
      }
    } catch (error) {
      // If making an SQL statement fails, the running one still belongs to this transaction.
      await atWork?.catch(() => undefined);
      throw error;
    }
    await atWork;
  });
}

/** Whether a set is too large for one SQL statement. */
function isChunked(writes: BatchWrites): boolean {
  const { transfers, subAccounts, outbox } = writes;
  const most = Math.max(eventsOf(writes), transfers.length, subAccounts.length, outbox.length);
  return most > ROWS_PER_STATEMENT;
}

/** Events that a batch adds to the journal. */
export const eventsOf = ({ journal }: BatchWrites): number =>
  journal.reduce((sum, { firstSequence, lastSequence }) => sum + Number(lastSequence - firstSequence) + 1, 0);

interface FencedStep {
  readonly lease: Lease;
  readonly step: LaneStep;
  readonly published: PublishedCursor;
}

/**
 * A row must also have the position from which its batch continues. If the database was restored under a running
 * lane, the row may have the lane's epoch while the books in memory are ahead of it. Several rows advance together or
 * not at all: they are locked first, and all of them must be ours.
 */
function advanceLanes(steps: readonly FencedStep[]): Statement {
  const values = [
    plainArray(steps.map(({ lease }) => lease.lane)),
    plainArray(steps.map(({ lease }) => lease.epoch)),
    plainArray(steps.map(({ step }) => step.offsets.commandOffset)),
    plainArray(steps.map(({ step }) => step.offsets.messageOffset)),
    textArray(steps.map(({ step }) => step.offsets.commandLastId)),
    textArray(steps.map(({ step }) => step.offsets.messageLastId)),
    plainArray(steps.map(({ step }) => step.laneSequence)),
    plainArray(steps.map(({ published }) => published.sequence)),
    plainArray(steps.map(({ step }) => step.laneSequenceBefore)),
  ];
  const isOne = steps.length === 1;
  const wanted = `unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[],
        $8::bigint[], $9::bigint[]) AS new (lane, epoch, command_offset, message_offset, command_last_id,
        message_last_id, lane_sequence, published_sequence, lane_sequence_before)`;
  const isOurs = 'l.lane = new.lane AND l.epoch = new.epoch AND l.lane_sequence = new.lane_sequence_before';
  const locked = `WITH locked AS (SELECT l.lane FROM ${wanted}, lanes l WHERE ${isOurs} ORDER BY l.lane FOR UPDATE OF l)
      `;
  const all = ` AND (SELECT count(*) FROM locked) = cardinality($1::int[])`;
  return {
    name: isOne ? 'ledger-lane' : 'ledger-lanes',
    text: `${isOne ? '' : locked}UPDATE lanes l SET command_offset = new.command_offset, message_offset = new.message_offset,
        command_last_id = new.command_last_id, message_last_id = new.message_last_id,
        lane_sequence = new.lane_sequence, published_sequence = new.published_sequence, updated_at = now()
      FROM ${wanted}
      WHERE ${isOurs}${isOne ? '' : all} RETURNING l.lane`,
    values,
  };
}

/** The SQL statements in their fixed order, each made when it is needed. Empty sets cost nothing. */
function* statementsOf(batches: readonly BatchToWrite[]): Generator<LaneStatement> {
  const each = <Row>(
    rowsOf: (writes: BatchWrites) => readonly Row[],
    toStatement: (rows: readonly Row[]) => LaneStatement,
  ) => chunked(rowsOfAll(batches, rowsOf), toStatement);
  for (const { lease, published } of batches) {
    if (published.hasOutbox) yield deleteOutbox(lease.lane, published.sequence);
  }
  yield* journalOf(batches);
  yield* each((writes) => writes.transfers, insertTransfers);
  yield* each((writes) => writes.mainAccounts, upsertMainAccounts);
  yield* each((writes) => writes.subAccounts, upsertSubAccounts);
  yield* each((writes) => writes.holds, upsertHolds);
  yield* each((writes) => writes.charges, upsertCharges);
  yield* each((writes) => writes.refunds, insertRefunds);
  yield* each((writes) => writes.references, insertReferences);
  yield* each((writes) => writes.commands, insertCommands);
  yield* each((writes) => writes.statements, upsertStatements);
  yield* each((writes) => writes.tombstones, markTombstones);
  for (const { lease, writes } of batches) {
    const { lane } = lease;
    yield* chunked(writes.outbox, (rows) => insertOutbox(rows.map((row) => ({ lane, row }))));
  }
}

/** The rows of one batch, which may be very many, without a copy. */
function rowsOfAll<Row>(
  batches: readonly BatchToWrite[],
  rowsOf: (writes: BatchWrites) => readonly Row[],
): readonly Row[] {
  const [only] = batches;
  return batches.length === 1 && only ? rowsOf(only.writes) : batches.flatMap(({ writes }) => rowsOf(writes));
}

/** The blocks of all batches as one SQL statement, those of a very large batch as several. */
function* journalOf(batches: readonly BatchToWrite[]): Generator<LaneStatement> {
  const [only] = batches;
  if (only && batches.length === 1) {
    const { lease, blocks, writes } = only;
    // One statement for a batch of usual size, however often it was cut: each number of statements would be prepared
    // by itself.
    const most = isChunked(writes) ? BLOCKS_PER_STATEMENT : Number.POSITIVE_INFINITY;
    yield* chunked(blocks, (part) => insertJournal([{ lease, blocks: part }]), most);
  } else if (batches.some(({ blocks }) => blocks.length > 0)) yield insertJournal(batches);
}

function* chunked<Row>(
  rows: readonly Row[],
  toStatement: (rows: readonly Row[]) => LaneStatement,
  most = ROWS_PER_STATEMENT,
): Generator<LaneStatement> {
  for (let from = 0; from < rows.length; from += most) {
    const isWhole = from === 0 && rows.length <= most;
    yield toStatement(isWhole ? rows : rows.slice(from, from + most));
  }
}
