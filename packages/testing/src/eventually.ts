import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Pause between two attempts. Default 50. */
  readonly everyMs?: number;
  /** What is awaited, for the error. */
  readonly what?: string;
}

/**
 * Runs `attempt` until it neither throws nor gives `undefined`, null or false, and resolves with what it gave. For
 * conditions of other processes, which nothing announces.
 *
 * @throws Error with the last failure as its cause, once `timeoutMs` have passed
 */
export async function eventually<Result>(
  attempt: () => Promise<Result> | Result,
  options: EventuallyOptions = {},
): Promise<Exclude<Result, undefined | null | false>> {
  const { timeoutMs = 10_000, everyMs = 50, what = 'the condition' } = options;
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
