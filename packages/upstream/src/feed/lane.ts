/**
 * - `foreign`: another instance's
 * - `waiting`: ours; the limit records of before are still to come
 * - `reading`: ours; reading the reports that they do not contain
 * - `ready`
 */
type LanePhase = 'foreign' | 'waiting' | 'reading' | 'ready';

/** The limit records of a lane's batch may become visible one after the other within a moment. */
const SETTLE_GRACE_MS = 1_000;

/**
 * A partition of `sms.messages.v1`: the main accounts of it, how far the ledger is with it, and whether this instance
 * may decide about them. Times are of `performance.now()`.
 */
export class Lane {
  readonly partition: number;
  phase: LanePhase = 'foreign';
  /** Raised by each take-over and loss. */
  epoch = 0;
  /** When it was taken over, and where its log ended then. */
  takenAt = 0;
  low = 0n;
  end = 0n;
  /** Until when it is known to be up to date, unless more is heard. */
  freshUntil = Number.NEGATIVE_INFINITY;
  /** The ledger's, newest that a record told. */
  generation = -1;
  /** The two highest positions that records of this generation told; -1 before. */
  top = -1;
  #second = -1;
  #settled = -1;
  #candidate = -1;
  #candidateAt = 0;

  constructor(partition: number) {
    this.partition = partition;
  }

  /**
   * A limit record of the lane came by.
   * @returns whether it began another generation: positions then count anew
   */
  saw(generation: number, position: number): boolean {
    if (generation < this.generation) return false;
    const isOther = this.generation >= 0 && generation > this.generation;
    if (generation > this.generation) {
      this.generation = generation;
      this.top = -1;
      this.#second = -1;
      this.#settled = -1;
      this.#candidate = -1;
    }
    if (position > this.top) {
      this.#second = this.top;
      this.top = position;
    } else if (position < this.top && position > this.#second) this.#second = position;
    return isOther;
  }

  /**
   * Offset up to which every message that has an effect on its sub-account's figures is in a record that we have read.
   *
   * The ledger publishes one batch of a lane after the other. So once a record tells a position, all records of lower
   * positions are in the log; and once we have read all that the log had a moment later, we have them.
   *
   * @param limitsReadAt up to when the limits topic has been read
   * @returns the offset where it has moved
   */
  settle(nowMs: number, limitsReadAt: number): number | undefined {
    if (this.#candidate >= 0) {
      if (limitsReadAt <= this.#candidateAt + SETTLE_GRACE_MS) return undefined;
      this.#settled = this.#candidate;
      this.#candidate = -1;
      return this.#settled;
    }
    if (this.#second > this.#settled) {
      this.#candidate = this.#second;
      this.#candidateAt = nowMs;
    }
    return undefined;
  }

  get settled(): number {
    return this.#settled;
  }
}
