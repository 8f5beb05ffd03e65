import { fitting, isTransientError } from '@subledger/database';
import { type BatchToWrite, eventsOf } from './write-batch.js';

export interface GroupCommitOptions {
  /** Maximum concurrent transactions. Only one of them may be a small one. */
  readonly atOnce: number;
  /** Maximum events of a shared transaction. A batch with fewer events is small. */
  readonly maxRows: number;
  /**
   * Writes all batches in one transaction, or none.
   * @throws LaneFencedError nothing was written
   */
  readonly write: (batches: readonly BatchToWrite[]) => Promise<void>;
}

interface Waiting {
  readonly batch: BatchToWrite;
  readonly rows: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Group {
  readonly batches: readonly Waiting[];
  readonly isSmall: boolean;
}

/**
 * Lets small batches of several lanes share a transaction. If there is a free place, a batch is written at once, so a
 * single command does not wait for others. Small batches that arrive while another small one is being written share
 * the next transaction. They share its fixed costs (above all the flush), the more the busier the machine is.
 */
export class GroupCommit {
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #isSmallRunning = false;

  constructor(private readonly options: GroupCommitOptions) {}

  /** @throws like writing the batch alone */
  write(batch: BatchToWrite): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, rows: rowsOf(batch), resolve, reject });
      this.#start();
    });
  }

  #start(): void {
    while (this.#running < this.options.atOnce && this.#waiting.length > 0) {
      const group = this.#nextGroup();
      if (group.isSmall && this.#isSmallRunning) return;
      this.#waiting.splice(0, group.batches.length);
      void this.#run(group);
    }
  }

  /** The first waiting batch, and following ones that fit. */
  #nextGroup(): Group {
    const { maxRows } = this.options;
    const batches = this.#waiting.slice(
      0,
      fitting(this.#waiting, ({ rows }) => rows, maxRows),
    );
    return { batches, isSmall: batches.reduce((sum, { rows }) => sum + rows, 0) < maxRows };
  }

  async #run({ batches, isSmall }: Group): Promise<void> {
    this.#running += 1;
    this.#isSmallRunning ||= isSmall;
    await this.#writeTogether(batches);
    this.#running -= 1;
    if (isSmall) this.#isSmallRunning = false;
    this.#start();
  }

  /** Never throws. */
  async #writeTogether(batches: readonly Waiting[]): Promise<void> {
    try {
      await this.options.write(batches.map(({ batch }) => batch));
    } catch (error) {
      // One of them is fenced or cannot be written, which must not affect other lanes. Nothing was written.
      if (batches.length > 1 && !isTransientError(error)) {
        for (const one of batches) await this.#writeTogether([one]);
      } else for (const { reject } of batches) reject(error);
      return;
    }
    for (const { resolve } of batches) resolve();
  }
}

/** A batch that cannot share a statement counts as larger than any group. */
const rowsOf = ({ writes, published }: BatchToWrite): number => {
  const isAlone = writes.outbox.length > 0 || published.hasOutbox;
  return isAlone ? Number.POSITIVE_INFINITY : eventsOf(writes);
};
