import { setTimeout as delay } from 'node:timers/promises';

/**
 * Calls `probe` every `intervalMs` (default 50) until it returns something other than undefined.
 *
 * @throws the error of `onTimeout` after `timeoutMs`; an error of `probe`, at once
 */
export async function poll<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  options: { readonly timeoutMs: number; readonly intervalMs?: number; readonly onTimeout: () => Error },
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadline) throw options.onTimeout();
    await delay(options.intervalMs ?? 50);
  }
}
