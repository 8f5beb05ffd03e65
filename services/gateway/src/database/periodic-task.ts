export interface RepeatedWorkOptions {
  /** Milliseconds to the first run, between runs, and to the next one after a failure. */
  readonly firstMs: number;
  readonly everyMs: number;
  readonly retryMs: number;
  /** Told of each failure; the work is tried again. */
  readonly onError: (error: unknown) => void;
}

/** Of whatever drops what is too old. */
export const RETENTION_TIMES = { firstMs: 60_000, everyMs: 6 * 3_600_000, retryMs: 10 * 60_000 };

/** Does a piece of work again and again, never twice at a time, and does not keep the process alive for it. */
export class PeriodicTask {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly options: RepeatedWorkOptions,
  ) {}

  start(): void {
    this.runIn(this.options.firstMs);
  }

  /** Waits for a run under way; none follows. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private runIn(delayMs: number): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.running = this.run();
    }, delayMs);
    this.timer.unref();
  }

  private async run(): Promise<void> {
    const { everyMs, retryMs, onError } = this.options;
    let next = everyMs;
    try {
      await this.work();
    } catch (error) {
      next = retryMs;
      onError(error);
    }
    this.runIn(next);
  }
}
