import type { Logger } from '@subledger/service-kit';
import { ProblemError } from '../request/problem.js';

export interface MonitorOptions {
  /** Milliseconds between two probes, and half of it during an outage. */
  readonly everyMs: number;
  /** Milliseconds after which a probe has failed. Two failures in a row are an outage. */
  readonly timeoutMs: number;
  readonly probeDatabase: () => Promise<unknown>;
  readonly probeBroker: () => Promise<unknown>;
}

type Name = 'database' | 'broker';

/**
 * Knows whether database and broker are reachable. During a known outage requests are answered with 503 at once. They
 * are served again as soon as a probe succeeds.
 */
export class DependencyMonitor {
  readonly #errors = new Map<Name, unknown>();
  readonly #timers = new Map<Name, NodeJS.Timeout>();
  /** Running probes. `again` is set if another probe was requested meanwhile. */
  readonly #probing = new Map<Name, { again: boolean }>();
  #closed = false;

  constructor(
    private readonly options: MonitorOptions,
    private readonly log: Logger,
  ) {}

  /** Resolves after the first probes, whether they succeed or fail. */
  async start(): Promise<void> {
    await Promise.all([this.#probe('database'), this.#probe('broker')]);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** @throws ProblemError `service-unavailable` */
  requireDatabase(): void {
    if (this.#errors.has('database')) throw ProblemError.unavailable('database');
  }

  /** @throws ProblemError `service-unavailable` */
  requireBroker(): void {
    if (this.#errors.has('broker')) throw ProblemError.unavailable('broker');
  }

  /** A request lost its connection. That alone is not an outage, so a probe runs now. */
  databaseLost(error: unknown): void {
    this.log.warn({ err: error }, 'a request lost the database');
    clearTimeout(this.#timers.get('database'));
    void this.#probe('database');
  }

  /**
   * For readiness.
   * @throws Error with the failed dependency
   */
  async check(name: Name): Promise<void> {
    if (this.#errors.has(name)) throw new Error(`${name} does not answer`);
  }

  /**
   * Runs one probe at a time. Otherwise a slow probe from an outage could fail after a later one has succeeded, and
   * requests would be refused although everything works.
   */
  async #probe(name: Name): Promise<void> {
    const running = this.#probing.get(name);
    if (running) {
      running.again = true;
      return;
    }
    const probing = { again: false };
    this.#probing.set(name, probing);
    await this.#probeOnce(name);
    this.#probing.delete(name);
    if (this.#closed) return;
    if (probing.again) return this.#probe(name);
    this.#probeLater(name);
  }

  /**
   * An outage is two failures in a row, the second probe directly after the first. If this process itself was
   * suspended for a moment, its timer ends before it reads an answer that had arrived in time.
   */
  async #probeOnce(name: Name): Promise<void> {
    const run = name === 'database' ? this.options.probeDatabase : this.options.probeBroker;
    const { timeoutMs } = this.options;
    let error = await failureOf(run, timeoutMs);
    if (error !== undefined && !this.#errors.has(name) && !this.#closed)
      error = await failureOf(run, timeoutMs);
    if (this.#closed) return;
    if (error !== undefined && !this.#errors.has(name)) this.log.error({ err: error }, `${name} is lost`);
    if (error === undefined && this.#errors.has(name)) this.log.info({}, `${name} is back`);
    if (error === undefined) this.#errors.delete(name);
    else this.#errors.set(name, error);
  }

  #probeLater(name: Name): void {
    const { everyMs } = this.options;
    clearTimeout(this.#timers.get(name));
    const timer = setTimeout(() => void this.#probe(name), this.#errors.has(name) ? everyMs / 2 : everyMs);
    timer.unref();
    this.#timers.set(name, timer);
  }
}

async function failureOf(run: () => Promise<unknown>, timeoutMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([run(), tooLate]);
    return undefined;
  } catch (error) {
    return error ?? new Error('failed');
  } finally {
    clearTimeout(timer);
  }
}
