import type { Lease } from '../store/lane-lease.js';
import type { PublishedCursor, TakenLane } from '../store/ledger-store.js';
import type { LaneOffsets } from '../store/rows.js';
import type { BooksCache } from './books-cache.js';

/** What a lane's owner keeps between batches; equals the lane's row, but for the cursor, which may be ahead of it. */
export class LaneMemory {
  lease: Lease;
  offsets: LaneOffsets;
  laneSequence: bigint;
  /** Last lane sequence known to be published. */
  published: bigint;
  /** Last cursor that the database has. */
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

  /** The cursor as the next transaction is to write it. */
  get cursor(): PublishedCursor {
    return { sequence: this.published, hasOutbox: this.hasPublishedOutbox };
  }

  /** A transaction has written this, and with it a cursor. */
  committed(
    writes: { readonly offsets: LaneOffsets; readonly laneSequence: bigint },
    cursor: PublishedCursor,
  ): void {
    this.offsets = writes.offsets;
    this.laneSequence = writes.laneSequence;
    this.cursorStored(cursor);
  }

  /** The database has this cursor now; what was published meanwhile is still to come. */
  cursorStored({ sequence }: { readonly sequence: bigint }): void {
    this.storedCursor = sequence;
    if (this.published === sequence) this.hasPublishedOutbox = false;
  }

  get isCursorDirty(): boolean {
    return this.published > this.storedCursor;
  }
}
