import type { Lease } from '../store/lane-lease.js';
import type { PublishedCursor, TakenLane } from '../store/ledger-store.js';
import type { LaneOffsets } from '../store/rows.js';
import type { BooksCache } from './books-cache.js';

/** What a lane's owner keeps between batches. It equals the lane's row, except that its cursor may be ahead. */
export class LaneMemory {
  lease: Lease;
  offsets: LaneOffsets;
  laneSequence: bigint;
  /** Last lane sequence known to be published. */
  published: bigint;
  /** Last cursor stored in the database. */
  storedCursor: bigint;
  /** Whether the outbox may hold rows up to the cursor. */
  hasPublishedOutbox = false;

  constructor(
    taken: TakenLane,
    readonly cache: BooksCache,
  ) {
    this.lease = taken.lease;
    this.offsets = taken;
    this.laneSequence = taken.laneSequence;
    this.published = taken.laneSequence;
    this.storedCursor = taken.laneSequence;
  }

  /** The cursor that the next transaction writes. */
  get cursor(): PublishedCursor {
    return { sequence: this.published, hasOutbox: this.hasPublishedOutbox };
  }

  /** Notes that a transaction has committed, with a cursor. */
  committed(
    writes: { readonly offsets: LaneOffsets; readonly laneSequence: bigint },
    cursor: PublishedCursor,
  ): void {
    this.offsets = writes.offsets;
    this.laneSequence = writes.laneSequence;
    this.cursorStored(cursor);
  }

  /** Notes that the database has stored this cursor. Later publishing is not stored yet. */
  cursorStored({ sequence }: { readonly sequence: bigint }): void {
    this.storedCursor = sequence;
    if (this.published === sequence) this.hasPublishedOutbox = false;
  }

  get isCursorDirty(): boolean {
    return this.published > this.storedCursor;
  }
}
