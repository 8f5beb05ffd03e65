/** Milliseconds to wait before attempt `attempt + 2`: doubling from `baseMs`, at most `maxMs`, half of it random. */
export function backoffMs(attempt: number, baseMs: number, maxMs: number): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
