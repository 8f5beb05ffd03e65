import { fitting } from '@subledger/database';

interface Waiting<Item> {
  readonly items: readonly Item[];
  readonly isUrgent: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface MergedWorkOptions<Item> {
  /** Of a piece; a single caller's items stay together beyond that. */
  readonly maxItems: number;
  /** Whether somebody waits for it. */
  readonly isUrgent: (item: Item) => boolean;
  /** Least milliseconds from the begin of a piece to that of the next; at most this long where something urgent waits. */
  readonly restMs: number;
}

/**
 * One piece of work at a time for many callers: what comes while it runs goes together, as the next piece. The
 * batches of a dozen partitions are then one transaction instead of a dozen, the more so the busier the database is.
 * A lone one does not wait, nor does what is urgent for longer than the piece before it took.
 */
export class BatchCoalescer<Item> {
  private waiting: Waiting<Item>[] = [];
  private running = false;
  private rest: NodeJS.Timeout | undefined;
  private lastMs = 0;
  private startedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly work: (items: readonly Item[]) => Promise<void>,
    private readonly options: MergedWorkOptions<Item>,
  ) {}

  /** Resolves when the items are dealt with. @throws what the piece that they were in failed with */
  add(items: readonly Item[]): Promise<void> {
    if (items.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.push({ items, isUrgent: items.some(this.options.isUrgent), resolve, reject });
      if (!this.running) this.runWhenDue();
    });
  }

  private runWhenDue(): void {
    if (this.waiting.length === 0) return;
    const isUrgent = this.waiting.some((one) => one.isUrgent);
    // As long as the piece before it took: a busy database gets fewer and larger pieces, an idle one hardly waits.
    const pauseMs = isUrgent ? Math.min(2 * this.lastMs, this.options.restMs) : this.options.restMs;
    const restMs = this.startedAtMs + pauseMs - performance.now();
    if (restMs <= 0) {
      clearTimeout(this.rest);
      this.rest = undefined;
      void this.run();
    } else {
      clearTimeout(this.rest);
      this.rest = setTimeout(() => {
        this.rest = undefined;
        if (!this.running) this.runWhenDue();
      }, Math.ceil(restMs));
    }
  }

  private async run(): Promise<void> {
    this.running = true;
    this.startedAtMs = performance.now();
    const piece = this.take();
    try {
      await this.work(piece.flatMap(({ items }) => items));
      for (const { resolve } of piece) resolve();
    } catch (error) {
      for (const { reject } of piece) reject(error);
    }
    this.running = false;
    this.lastMs = performance.now() - this.startedAtMs;
    this.runWhenDue();
  }

  private take(): Waiting<Item>[] {
    return this.waiting.splice(
      0,
      fitting(this.waiting, ({ items }) => items.length, this.options.maxItems),
    );
  }
}
