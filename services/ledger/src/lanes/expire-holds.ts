import { isTransientError } from '@subledger/database';
import type { Logger } from '@subledger/service-kit';
import type { BatchProcessor } from '../pipeline/process-batch.js';
import type { DueHold, OwnedId } from '../store/known.js';
import { LaneFencedError } from '../store/lane-lease.js';
import type { LaneTask, TaskContext } from './lane-ports.js';

/** Holds per step, and so per transaction. The lane's batches wait for one step at most. */
const HOLDS_PER_STEP = 100;
/** Milliseconds after which a lane asks again whether another lane has finished its step. */
const NEXT_TURN_MS = 5;
/** Milliseconds between two looks at whether the lane has come as far as it should. */
const LOOK_EVERY_MS = 100;
/**
 * Milliseconds without a waiting record after which the lane is taken to be at the end of its log. Markers of
 * transactions have offsets too, which no lane reaches.
 */
const AT_END_AFTER_MS = 2_000;

/** The ends of the lane's two logs. */
interface LogEnds {
  readonly commandOffset: bigint;
  readonly messageOffset: bigint;
}

/** Two: one decides while the database works for the other. */
const TURNS = 2;

/**
 * Few lanes at a time release holds, so that very many ends at one instant leave the processor to all customers. It
 * does not wait: a lane whose turn it is not goes on with its records.
 */
export class ExpiryTurns {
  #taken = 0;

  /** @returns whether there was a turn; it is then taken until `work` ends */
  async run(work: () => Promise<void>): Promise<boolean> {
    if (this.#taken >= TURNS) return false;
    this.#taken += 1;
    try {
      await work();
    } finally {
      this.#taken -= 1;
    }
    return true;
  }
}

export interface ExpiryPorts {
  /** Shared by all lanes of the process. */
  readonly turns: ExpiryTurns;
  readonly processor: Pick<BatchProcessor, 'expire'>;
  /** Milliseconds since 1970, by our clock. */
  readonly now: () => number;
  readonly log: Logger;
  /** Called for a hold that a rule cannot release: a bug. It is not tried again by this process. */
  readonly onUnprocessable: (hold: OwnedId) => void;
}

/** Holds of a lane that were found to be over. */
export interface FoundHolds {
  readonly holds: readonly DueHold[];
  /** When they were found, by the database's clock, milliseconds since 1970. */
  readonly at: number;
  /** What the broker had then. */
  readonly ends: LogEnds;
}

/**
 * Releases holds that are over, in their place in the log: after all records that the broker had when they were found.
 * So a lane that catches up after an outage still charges the messages that were reported in time to their holds.
 */
export class ExpireHolds implements LaneTask {
  readonly kind = 'expire-holds';
  readonly places = HOLDS_PER_STEP;
  dueAt = 0;
  readonly #left: DueHold[];
  /** The database's clock minus ours. */
  readonly #skewMs: number;
  /** Since when no record has been waiting, by our clock. */
  #idleSince: number | undefined;

  constructor(
    private readonly ports: ExpiryPorts,
    private readonly found: FoundHolds,
  ) {
    this.#left = [...found.holds];
    this.#skewMs = found.at - ports.now();
  }

  async step(lane: TaskContext): Promise<boolean> {
    if (!this.#isInPlace(lane)) {
      this.dueAt = this.ports.now() + LOOK_EVERY_MS;
      return false;
    }
    const hasRun = await this.ports.turns.run(() => this.#expire(lane, this.#left.splice(0, HOLDS_PER_STEP)));
    this.dueAt = hasRun ? 0 : this.ports.now() + NEXT_TURN_MS;
    return this.#left.length === 0;
  }

  #isInPlace({ memory: { offsets }, waiting }: TaskContext): boolean {
    const { ends } = this.found;
    if (offsets.commandOffset >= ends.commandOffset && offsets.messageOffset >= ends.messageOffset)
      return true;
    const now = this.ports.now();
    if (waiting > 0) this.#idleSince = undefined;
    else this.#idleSince ??= now;
    return this.#idleSince !== undefined && now - this.#idleSince >= AT_END_AFTER_MS;
  }

  async #expire(lane: TaskContext, holds: readonly DueHold[]): Promise<void> {
    const { processor, now, log, onUnprocessable } = this.ports;
    try {
      await processor.expire(lane.memory, holds, now() + this.#skewMs, lane.publish);
    } catch (error) {
      if (error instanceof LaneFencedError || isTransientError(error)) throw error;
      const [only] = holds;
      if (holds.length > 1) for (const hold of holds) await this.#expire(lane, [hold]);
      else if (only) {
        const { mainAccountId, id } = only;
        log.error({ mainAccountId, messageId: id, err: error }, 'a hold that is over cannot be released');
        onUnprocessable(only);
      }
    }
  }
}
