import { mulberry32 } from '@subledger/simulator';

/**
 * Arrival times of commands in an open loop: milliseconds from the start, ascending, with the exponential gaps of
 * many independent customers (a Poisson process). The number of arrivals is exactly rate times duration, so that two
 * runs are comparable. The times are scaled to end within the duration.
 */
export function arrivals(perSecond: number, seconds: number, seed: number): Float64Array {
  const random = mulberry32(seed);
  const count = Math.round(perSecond * seconds);
  const times = new Float64Array(count);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    // 1 − random is never 0, for which the logarithm would be infinite.
    at += -Math.log(1 - random());
    times[index] = at;
  }
  // One additional gap, so that the last arrival is not always at the very end.
  const whole = at - Math.log(1 - random());
  return times.map((time) => (time / whole) * seconds * 1_000);
}
