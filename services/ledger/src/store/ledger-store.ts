import type { Books, MainAccount, SubAccount } from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka';
import type { StoredStatement, StoredTransfer } from '@subledger/wire';
import type { DueHold, KnownCommand, OwnedId, TouchedIds } from './known.js';
import type { Lease } from './lane-lease.js';
import type { BatchWrites, LaneOffsets, LaneStep, SubAccountKey } from './rows.js';
import type { StatementKey } from './snapshot-pages.js';

/** A lane's row right after its takeover. */
export interface TakenLane extends LaneOffsets {
  readonly lease: Lease;
  readonly laneSequence: bigint;
  readonly publishedSequence: bigint;
}

export interface LaneOwner {
  readonly epoch: bigint;
  /** The name that the process gave itself at the takeover. */
  readonly owner: string;
}

/** Fields of a lane's row that operators may change while its owner works. */
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

/** An event or outbox row after the cursor, to be published (again). */
export interface UnpublishedRecord {
  readonly laneSequence: bigint;
  readonly record: OutgoingRecord;
  /** Main account of an event, or null for an outbox row. */
  readonly journalOf: string | null;
}

/**
 * The database operations of lanes and pipeline. `pg-ledger-store.ts` implements them with PostgreSQL. The simulation
 * has its own store, which can lose answers and crash at every step.
 *
 * During an outage every method throws an error for which `isTransientError` is true. A write may then have happened
 * or not.
 */
export interface LedgerStore {
  /**
   * Takes a lane over: raises its epoch, so that after the commit no older owner can write.
   * @param start start offsets of a lane without a row: the beginnings of its logs
   */
  takeLane(
    lane: number,
    owner: string,
    start: { readonly commandOffset: bigint; readonly messageOffset: bigint },
  ): Promise<TakenLane>;
  /**
   * The current owner of the lane. The epoch alone is not enough, because the epochs of a restored row occur again.
   */
  readOwner(lane: number): Promise<LaneOwner | undefined>;
  /** @throws LaneFencedError */
  advanceCursor(lease: Lease, publishedSequence: bigint): Promise<void>;
  readOrders(lanes: readonly number[]): Promise<LaneOrders[]>;
  /**
   * Notes that all limit records of the lane are published.
   * @throws LaneFencedError
   */
  limitsRebuilt(lease: Lease): Promise<void>;

  /**
   * Complete books of main accounts: the main account's row and all its sub-accounts. An unknown id gets books
   * without a main account, which `main-account.open` opens.
   */
  loadBooks(mainAccountIds: readonly string[]): Promise<Map<string, Books>>;
  /** Adds the existing holds, charges and refunds with these ids to the books. */
  loadMessages(touched: TouchedIds, booksOf: (mainAccountId: string) => Books): Promise<void>;
  /** The commands among these with an earlier outcome, by `commandKey`. */
  loadCommands(commands: readonly OwnedId[]): Promise<Map<string, KnownCommand>>;

  /**
   * Writes a batch in one transaction.
   * @throws LaneFencedError nothing was written
   */
  writeBatch(lease: Lease, writes: BatchWrites, published: PublishedCursor): Promise<void>;
  /**
   * Writes a batch in one transaction, part by part while it is made.
   * @throws LaneFencedError nothing was written
   * @throws any error of making a part: nothing was written
   */
  writeParts(
    lease: Lease,
    step: LaneStep,
    parts: Iterable<BatchWrites>,
    published: PublishedCursor,
  ): Promise<void>;
  /**
   * Events and outbox rows that the lane committed after `after`, up to `through`, in lane order.
   * @throws DamagedBlockError
   */
  unpublished(lane: number, after: bigint, through: bigint): Promise<UnpublishedRecord[]>;

  /**
   * Open holds whose end has passed, of all lanes, by their end, at most `max`.
   * @param after the last one of the page before
   * @returns `at` is the database's time, milliseconds since 1970, which decides what has passed
   */
  holdsDue(after: DueHold | null, max: number): Promise<{ readonly at: number; readonly holds: DueHold[] }>;
  /** Deleted sub-accounts whose grace time ended before `deletedBefore` and whose limit record still exists. */
  tombstonesDue(deletedBefore: number, max: number): Promise<SubAccountKey[]>;
  /** Main account ids after `after`, in order, at most `max`. */
  mainAccountIds(after: string, max: number): Promise<string[]>;

  /** A main account's own row, or undefined without books. */
  loadMain(mainAccountId: string): Promise<MainAccount | undefined>;
  /** Its sub-accounts with ids after `after`, in the store's text order, at most `max`. */
  subAccountsPage(mainAccountId: string, after: string, max: number): Promise<SubAccount[]>;
  /** Its transfers with numbers after `after`, in order, at most `max`, without those of detached months. */
  transfersPage(mainAccountId: string, after: number, max: number): Promise<StoredTransfer[]>;
  /** Its closed statements after this one, by sub-account and period, at most `max`. */
  statementsPage(mainAccountId: string, after: StatementKey, max: number): Promise<StoredStatement[]>;
}
