import { fitting, isTransientError } from '@subledger/database';
import type { SliceToWrite } from './write-slice.js';

export interface GroupCommitOptions {
  /** Transactions at a time; only one of them a small one. */
  readonly atOnce: number;
  /** Most journal rows of a shared transaction; one of fewer is small. */
  readonly maxRows: number;
  /**
   * Writes all of them in one transaction, or none.
   * @throws LaneFencedError: nothing was written
   */
  readonly write: (slices: readonly SliceToWrite[]) => Promise<void>;
}

interface Waiting {
  readonly slice: SliceToWrite;
  readonly rows: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Group {
  readonly slices: readonly Waiting[];
  readonly isSmall: boolean;
}

/**
 * Lets the slices of several lanes share a transaction. A slice that finds a place is written at once: a lone
 * command does not wait for company. Small ones that come while another small one is written go together, as the next
 * one: what a transaction costs beside its rows (a flush above all) is then shared, the more the busier the machine.
 */
export class GroupCommit {
  private readonly waiting: Waiting[] = [];
  private running = 0;
  private isSmallRunning = false;

  constructor(private readonly options: GroupCommitOptions) {}

  /** @throws as writing the slice alone */
  write(slice: SliceToWrite): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ slice, rows: rowsOf(slice), resolve, reject });
      this.start();
    });
  }

  private start(): void {
    while (this.running < this.options.atOnce && this.waiting.length > 0) {
      const group = this.nextGroup();
      if (group.isSmall && this.isSmallRunning) return;
      this.waiting.splice(0, group.slices.length);
      void this.run(group);
    }
  }

  /** The first that waits, and what of the following fits beside it. */
  private nextGroup(): Group {
    const { maxRows } = this.options;
    const slices = this.waiting.slice(
      0,
      fitting(this.waiting, ({ rows }) => rows, maxRows),
    );
    return { slices, isSmall: slices.reduce((sum, { rows }) => sum + rows, 0) < maxRows };
  }

  private async run({ slices, isSmall }: Group): Promise<void> {
    this.running += 1;
    this.isSmallRunning ||= isSmall;
    await this.writeTogether(slices);
    this.running -= 1;
    if (isSmall) this.isSmallRunning = false;
    this.start();
  }

  /** Never throws. */
  private async writeTogether(slices: readonly Waiting[]): Promise<void> {
    try {
      await this.options.write(slices.map(({ slice }) => slice));
    } catch (error) {
      // One of them is fenced or cannot be written, and that is no other lane's trouble. Nothing was written.
      if (slices.length > 1 && !isTransientError(error)) {
        for (const one of slices) await this.writeTogether([one]);
      } else for (const { reject } of slices) reject(error);
      return;
    }
    for (const { resolve } of slices) resolve();
  }
}

/** What cannot share a statement counts as more than any group has room for. */
const rowsOf = ({ writes, published }: SliceToWrite): number => {
  const isAlone = writes.outbox.length > 0 || published.hasOutbox || writes.journal.length > 1;
  return isAlone ? Number.POSITIVE_INFINITY : (writes.journal[0]?.rows.length ?? 0);
};
