import type { Books, MainAccount, SubAccount } from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka';
import type { KnownCommand, OwnedId, TouchedIds } from './known.js';
import type { Lease } from './lane-lease.js';
import type { BatchWrites, LaneOffsets, LaneStep, SubAccountKey } from './rows.js';
import type { StatementKey, StoredStatement, StoredTransfer } from './snapshot-pages.js';

/** A lane's row right after it was taken over. */
export interface TakenLane extends LaneOffsets {
  readonly lease: Lease;
  readonly laneSequence: bigint;
  readonly publishedSequence: bigint;
}

export interface LaneOwner {
  readonly epoch: bigint;
  /** As the process named itself when it took the lane over. */
  readonly owner: string;
}

/** What operators may have changed in a lane's row while its owner works. */
export interface LaneOrders {
  readonly lane: number;
  readonly generation: number;
  readonly rebuildLimits: boolean;
}

/** How far a lane is published. `hasOutbox`: whether outbox rows up to there may have to be deleted. */
export interface PublishedCursor {
  readonly sequence: bigint;
  readonly hasOutbox: boolean;
}

/** A journal or outbox row after the cursor, as it is to be published (again). */
export interface UnpublishedRecord {
  readonly laneSequence: bigint;
  readonly record: OutgoingRecord;
  /** Main account of a journal row; null for what came out of the outbox. */
  readonly journalOf: string | null;
}

/**
 * All that lanes and pipeline want of the database. PostgreSQL is behind it (`pg-ledger-store.ts`); the simulation
 * puts a store of its own there, which can lose answers and crash at every step.
 *
 * Every method throws what an outage throws (`isTransientError`); after that a write may have happened or not.
 */
export interface LedgerStore {
  /**
   * Takes a lane over: raises its epoch, so that from the commit on no older owner can write.
   * @param start offsets at which a lane that has no row yet begins: the log's beginnings
   */
  takeLane(
    lane: number,
    owner: string,
    start: { readonly commandOffset: bigint; readonly messageOffset: bigint },
  ): Promise<TakenLane>;
  /** Who has the lane now. The epoch alone does not tell: a restored row counts once more up to those it had. */
  readOwner(lane: number): Promise<LaneOwner | undefined>;
  /** @throws LaneFencedError */
  advanceCursor(lease: Lease, publishedSequence: bigint): Promise<void>;
  readOrders(lanes: readonly number[]): Promise<LaneOrders[]>;
  /** All limit records of the lane are out. @throws LaneFencedError */
  limitsRebuilt(lease: Lease): Promise<void>;

  /**
   * Books of main accounts, whole: the main account's row and all its sub-accounts. An id without a row has books
   * without a main account, which is what opens it.
   */
  loadBooks(mainAccountIds: readonly string[]): Promise<Map<string, Books>>;
  /** Puts the holds, charges and refunds with these ids, as far as they exist, into the books. */
  loadMessages(touched: TouchedIds, booksOf: (mainAccountId: string) => Books): Promise<void>;
  /** The commands among these that had an outcome before, by `commandKey`. */
  loadCommands(commands: readonly OwnedId[]): Promise<Map<string, KnownCommand>>;

  /** Writes a batch in one transaction. @throws LaneFencedError: nothing was written */
  writeBatch(lease: Lease, writes: BatchWrites, published: PublishedCursor): Promise<void>;
  /**
   * Writes a batch that is made part by part while it is written, in one transaction as well.
   * @throws LaneFencedError: nothing was written; whatever making a part throws: nothing was written
   */
  writeParts(
    lease: Lease,
    step: LaneStep,
    parts: Iterable<BatchWrites>,
    published: PublishedCursor,
  ): Promise<void>;
  /** What the lane committed after `after`, up to `through`, in lane order. */
  unpublished(lane: number, after: bigint, through: bigint): Promise<UnpublishedRecord[]>;

  /** Deleted sub-accounts whose grace time ended before `deletedBefore` and whose limit record still stands. */
  tombstonesDue(deletedBefore: number, max: number): Promise<SubAccountKey[]>;
  /** Main account ids after `after`, in order, at most `max`. */
  mainAccountIds(after: string, max: number): Promise<string[]>;

  /** A main account's own row; undefined without books. */
  loadMain(mainAccountId: string): Promise<MainAccount | undefined>;
  /** Its sub-accounts with ids after `after`, in the store's order of texts, at most `max`. */
  subAccountsPage(mainAccountId: string, after: string, max: number): Promise<SubAccount[]>;
  /** Its transfers with numbers after `after`, in order, at most `max`; those of detached months are missing. */
  transfersPage(mainAccountId: string, after: number, max: number): Promise<StoredTransfer[]>;
  /** Its closed statements after one of them, by sub-account and period, at most `max`. */
  statementsPage(mainAccountId: string, after: StatementKey, max: number): Promise<StoredStatement[]>;
}
