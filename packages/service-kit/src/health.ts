/** `note` is for operators: nothing is wrong yet, but action is needed. */
export type CheckResult =
  | { readonly ok: true; readonly note?: string }
  | { readonly ok: false; readonly error: string };
/**
 * A readiness check. It resolves if all is well, optionally with a note for operators, and otherwise throws the
 * problem. `signal` aborts at the time-out.
 */
export type Check = (signal: AbortSignal) => Promise<unknown>;

export interface CheckOptions {
  /** Milliseconds after which a check fails. @default 2000 */
  readonly timeoutMs?: number;
  /** Milliseconds between two runs, and so the maximum age of the answer of `/readyz`. @default 1000 */
  readonly everyMs?: number;
}

export interface Readiness {
  readonly ready: boolean;
  readonly phase: Phase;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

type Phase = 'starting' | 'up' | 'stopping';
const NOT_RUN: CheckResult = { ok: false, error: 'not checked yet' };
const DEFAULT_TIMEOUT_MS = 2_000;
const DEFAULT_EVERY_MS = 1_000;

/**
 * Liveness and readiness of one process. Checks run in the background and their last results are kept, so that a
 * request never waits for a hanging database.
 */
export class Health {
  readonly #results = new Map<string, CheckResult>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #phase: Phase = 'starting';
  #dead: string | undefined;
  #closed = false;

  /**
   * Adds a readiness check and runs it at once, and then periodically.
   *
   *
   * @throws Error if the name is already used
   */
  register(name: string, check: Check, options: CheckOptions = {}): void {
    if (this.#results.has(name)) throw new Error(`There is a readiness check "${name}" already`);
    this.#results.set(name, NOT_RUN);
    void this.#run(name, check, options.timeoutMs ?? DEFAULT_TIMEOUT_MS, options.everyMs ?? DEFAULT_EVERY_MS);
  }

  /** Removes a check. */
  unregister(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    this.#results.delete(name);
  }

  /** The start is complete. From now on only the checks decide. */
  markUp(): void {
    this.#phase = 'up';
  }

  /** Not ready from now on, so that a stopping process gets no new work. */
  markStopping(): void {
    this.#phase = 'stopping';
  }

  /** Reports that only a restart helps (a crashed consumer). This is permanent, and the first reason is kept. */
  failLiveness(reason: string): void {
    this.#dead ??= reason;
  }

  get liveness(): CheckResult {
    return this.#dead === undefined ? { ok: true } : { ok: false, error: this.#dead };
  }

  /** The last known state. It never waits. */
  get readiness(): Readiness {
    const checks = Object.fromEntries(this.#results);
    const ready =
      this.#phase === 'up' && this.#dead === undefined && Object.values(checks).every((result) => result.ok);
    return { ready, phase: this.#phase, checks };
  }

  /** Ends the background runs. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #run(name: string, check: Check, timeoutMs: number, everyMs: number): Promise<void> {
    const result = await runCheck(check, timeoutMs);
    if (this.#closed || !this.#results.has(name)) return;
    this.#results.set(name, result);
    const timer = setTimeout(() => void this.#run(name, check, timeoutMs, everyMs), everyMs);
    timer.unref();
    this.#timers.set(name, timer);
  }
}

async function runCheck(check: Check, timeoutMs: number): Promise<CheckResult> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    // An async wrapper, so that a synchronous throw is a failed check too.
    const note = await Promise.race([(async () => check(abort.signal))(), timeout]);
    return typeof note === 'string' ? { ok: true, note } : { ok: true };
  } catch (error) {
    abort.abort(error);
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
