import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `probe` until it gives something other than undefined, every `intervalMs` (default 50).
 *
 * @throws what `onTimeout` makes, once `timeoutMs` have passed; whatever `probe` throws, at once
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
