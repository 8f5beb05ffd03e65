/**
 * Ownership of a lane:
 * - `foreign`: another instance owns it
 * - `waiting`: ours, but older limit records are still to come
 * - `reading`: ours; it reads the reports that the limit records do not contain
 * - `ready`: ours, and it can answer
 */
type LanePhase = 'foreign' | 'waiting' | 'reading' | 'ready';

/** The limit records of a lane's batch may become visible one after the other within this time. */
const SETTLE_GRACE_MS = 1_000;

/**
 * A partition of `sms.messages.v1`: its main accounts, the ledger's position in it, and whether this instance may
 * decide about it. Times are of `performance.now()`, in milliseconds.
 */
export class Lane {
  readonly partition: number;
  phase: LanePhase = 'foreign';
  /** Raised by each take-over and each loss. */
  epoch = 0;
  /** The time of the take-over, and the end of its log then. */
  takenAt = 0;
  low = 0n;
  end = 0n;
  /** It is known to be up to date until this time, unless it is confirmed again. */
  freshUntil = Number.NEGATIVE_INFINITY;
  /** The ledger's newest generation in a limit record. */
  generation = -1;
  /** The two highest positions in limit records of this generation, or -1. */
  top = -1;
  #second = -1;
  #settled = -1;
  #candidate = -1;
  #candidateAt = 0;

  constructor(partition: number) {
    this.partition = partition;
  }

  /**
   * Notes a limit record of the lane.
   * @returns whether it began another generation, in which positions count from the start
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
   * Offset up to which every message that affects its sub-account's figures is contained in a limit record that we
   * have read.
   *
   * The ledger publishes the batches of a lane one after the other. So when a record has a position, all records with
   * lower positions are in the log. Once we have read everything that was in the log a moment later, we have them.
   *
   *
   * @param limitsReadAt time up to which the limits topic has been read
   * @returns the offset if it has moved
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
