import { fitting } from '@subledger/database';

interface Waiting<Item> {
  readonly items: readonly Item[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One piece of work at a time for many callers: what comes while it runs goes together, as the next piece. The
 * batches of a dozen partitions are then one transaction instead of a dozen, the more so the busier the database is,
 * and a lone one does not wait.
 */
export class MergedWork<Item> {
  private waiting: Waiting<Item>[] = [];
  private running = false;

  /** @param maxItems of a piece; a single caller's items stay together beyond that */
  constructor(
    private readonly work: (items: readonly Item[]) => Promise<void>,
    private readonly maxItems: number,
  ) {}

  /** Resolves when the items are dealt with. @throws what the piece that they were in failed with */
  add(items: readonly Item[]): Promise<void> {
    if (items.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.push({ items, resolve, reject });
      if (!this.running) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      const piece = this.take();
      try {
        await this.work(piece.flatMap(({ items }) => items));
        for (const { resolve } of piece) resolve();
      } catch (error) {
        for (const { reject } of piece) reject(error);
      }
    }
    this.running = false;
  }

  private take(): Waiting<Item>[] {
    return this.waiting.splice(
      0,
      fitting(this.waiting, ({ items }) => items.length, this.maxItems),
    );
  }
}
