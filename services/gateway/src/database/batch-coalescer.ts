import { fitting } from '@subledger/database';

interface Waiting<Item> {
  readonly items: readonly Item[];
  readonly isUrgent: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface MergedWorkOptions<Item> {
  /** Maximum items of a batch. The items of one caller stay together even beyond it. */
  readonly maxItems: number;
  /** Whether a request waits for the item. */
  readonly isUrgent: (item: Item) => boolean;
  /** Minimum time between batch starts, in ms. For urgent items it is the maximum. */
  readonly restMs: number;
}

/**
 * Runs one batch at a time for many callers. Items that arrive while it runs share the next batch. So the batches of
 * a dozen partitions become one transaction instead of a dozen, the more so the busier the database is. A single item
 * does not wait. An urgent item waits no longer than the previous batch took.
 */
export class BatchCoalescer<Item> {
  #waiting: Waiting<Item>[] = [];
  #running = false;
  #rest: NodeJS.Timeout | undefined;
  #lastMs = 0;
  #startedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly work: (items: readonly Item[]) => Promise<void>,
    private readonly options: MergedWorkOptions<Item>,
  ) {}

  /**
   * Resolves when the items are processed.
   * @throws the error of their batch
   */
  add(items: readonly Item[]): Promise<void> {
    if (items.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, isUrgent: items.some(this.options.isUrgent), resolve, reject });
      if (!this.#running) this.#runWhenDue();
    });
  }

  #runWhenDue(): void {
    if (this.#waiting.length === 0) return;
    const isUrgent = this.#waiting.some((one) => one.isUrgent);
    // As long as the previous batch took: a busy database gets fewer and larger batches, an idle one hardly waits.
    const pauseMs = isUrgent ? Math.min(2 * this.#lastMs, this.options.restMs) : this.options.restMs;
    const restMs = this.#startedAtMs + pauseMs - performance.now();
    if (restMs <= 0) {
      clearTimeout(this.#rest);
      this.#rest = undefined;
      void this.#run();
    } else {
      clearTimeout(this.#rest);
      this.#rest = setTimeout(() => {
        this.#rest = undefined;
        if (!this.#running) this.#runWhenDue();
      }, Math.ceil(restMs));
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#startedAtMs = performance.now();
    const piece = this.#take();
    try {
      await this.work(piece.flatMap(({ items }) => items));
      for (const { resolve } of piece) resolve();
    } catch (error) {
      for (const { reject } of piece) reject(error);
    }
    this.#running = false;
    this.#lastMs = performance.now() - this.#startedAtMs;
    this.#runWhenDue();
  }

  #take(): Waiting<Item>[] {
    return this.#waiting.splice(
      0,
      fitting(this.#waiting, ({ items }) => items.length, this.options.maxItems),
    );
  }
}
