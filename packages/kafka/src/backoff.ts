/**
 * Milliseconds to wait before retry `attempt` (from 0): doubles from `baseMs` up to `maxMs`, with half of it random.
 */
export function backoffMs(attempt: number, baseMs: number, maxMs: number): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
