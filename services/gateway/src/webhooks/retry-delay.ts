/** Factor between two pauses: 5 s, 15 s, 45 s, … */
const FACTOR = 3;
const MAX_DELAY_MS = 4 * 3_600_000;
/**
 * Share by which a delay varies in both directions, so that deliveries that failed together are not repeated
 * together.
 */
const JITTER = 0.2;

/**
 * Milliseconds until the next attempt. Pure.
 *
 *
 * @param attempts number of attempts so far, 1 or more
 * @param firstMs pause after the first attempt
 * @param random 0 to below 1
 */
export function retryDelayMs(attempts: number, firstMs: number, random: number): number {
  const plain = Math.min(firstMs * FACTOR ** Math.min(attempts - 1, 30), MAX_DELAY_MS);
  return Math.round(plain * (1 - JITTER + 2 * JITTER * random));
}
