/** The first pause is multiplied by this after each attempt: 5 s, 15 s, 45 s, … */
const FACTOR = 3;
const MAX_DELAY_MS = 4 * 3_600_000;
/** Share of a delay by which it varies either way, so that what failed together does not come back together. */
const JITTER = 0.2;

/**
 * Milliseconds until the next attempt. Pure.
 *
 * @param attempts made so far, 1 or more
 * @param firstMs the pause after the first one
 * @param random from 0 up to 1
 */
export function retryDelayMs(attempts: number, firstMs: number, random: number): number {
  const plain = Math.min(firstMs * FACTOR ** Math.min(attempts - 1, 30), MAX_DELAY_MS);
  return Math.round(plain * (1 - JITTER + 2 * JITTER * random));
}
