import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Milliseconds. Default 30,000: what a busy machine may take. */
  readonly timeoutMs?: number;
  /** Milliseconds between two attempts. Default 20. */
  readonly everyMs?: number;
  /** The awaited condition, for the error. */
  readonly what?: string;
}

/**
 * Runs `attempt` until it does not throw and does not return `undefined`, null or false, and resolves with its
 * result. For conditions in other processes, which cannot be awaited.
 *
 * @throws Error after `timeoutMs`, with the last failure as its cause
 */
export async function eventually<Result>(
  attempt: () => Promise<Result> | Result,
  options: EventuallyOptions = {},
): Promise<Exclude<Result, undefined | null | false>> {
  const { timeoutMs = 30_000, everyMs = 20, what = 'the condition' } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const result = await attempt();
      if (result !== undefined && result !== null && result !== false)
        return result as Exclude<Result, undefined | null | false>;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) {
      const reason = failure instanceof Error ? `: ${failure.message}` : '';
      throw new Error(`Within ${timeoutMs} ms ${what} did not come true${reason}`, { cause: failure });
    }
    await delay(everyMs);
  }
}
