export interface PeriodicTaskOptions {
  /** Milliseconds to the first run, between runs, and to the next one after a failure. */
  readonly firstMs: number;
  readonly everyMs: number;
  readonly retryMs: number;
  /** Called for each failure. The task is tried again. */
  readonly onError: (error: unknown) => void;
}

/** Times for tasks that delete old rows. */
export const RETENTION_TIMES = { firstMs: 60_000, everyMs: 6 * 3_600_000, retryMs: 10 * 60_000 };

/**
 * Runs a task periodically, never twice at a time, without keeping the process alive for it. All periodic work of the
 * services uses it. Exceptions say why.
 */
export class PeriodicTask {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #again = false;
  #closed = false;

  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly options: PeriodicTaskOptions,
  ) {}

  start(): void {
    this.#runIn(this.options.firstMs);
  }

  /** Runs now, or right after the running one. Resolves when the current run ends. Never rejects. */
  runNow(): Promise<void> {
    if (this.#closed) return this.#running;
    if (this.#isRunning) {
      this.#again = true;
      return this.#running;
    }
    clearTimeout(this.#timer);
    this.#running = this.#run();
    return this.#running;
  }

  /** Waits for the current run. No further run follows. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #runIn(delayMs: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.runNow(), delayMs);
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    const { everyMs, retryMs, onError } = this.options;
    let next = everyMs;
    this.#isRunning = true;
    try {
      await this.work();
    } catch (error) {
      next = retryMs;
      onError(error);
    }
    this.#isRunning = false;
    const again = this.#again;
    this.#again = false;
    this.#runIn(again ? 0 : next);
  }
}
