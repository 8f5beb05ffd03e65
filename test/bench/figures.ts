/** The arithmetic of what a benchmark prints. Pure. */

/** The wanted value of a figure, and whether it is reached. */
export interface Target {
  readonly figure: string;
  readonly wanted: string;
  readonly value: number;
  readonly met: boolean;
}

export const atLeast = (figure: string, value: number, bound: number): Target => ({
  figure,
  wanted: `>= ${bound}`,
  value,
  met: value >= bound,
});

export const atMost = (figure: string, value: number, bound: number): Target => ({
  figure,
  wanted: `<= ${bound}`,
  value,
  met: value <= bound,
});

/** To so many digits after the point; NaN stays NaN (null in JSON). */
export const rounded = (value: number, digits = 0): number => Number(value.toFixed(digits));

/** `value / base` to three digits; NaN where there is no base. */
export const ratio = (value: number, base: number): number =>
  base > 0 ? rounded(value / base, 3) : Number.NaN;

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The nearest-rank percentile: the smallest value for which at least `percent` of all values are not above.
 * @param ascending sorted
 */
export function percentile(ascending: ArrayLike<number>, percent: number): number {
  if (ascending.length === 0) return Number.NaN;
  // Slightly less, so that 99.9 % of 1,000 is the 999th despite binary fractions.
  const rank = Math.ceil((percent / 100) * ascending.length - 1e-9);
  return ascending[Math.min(Math.max(rank, 1), ascending.length) - 1] as number;
}

export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p99_9: number;
  readonly max: number;
}

/** Percentiles in the values' own unit, to a hundredth. */
export function distribution(values: Iterable<number>): Distribution {
  const ascending = Float64Array.from(values).sort();
  const at = (percent: number) => rounded(percentile(ascending, percent), 2);
  return {
    count: ascending.length,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p99_9: at(99.9),
    max: at(100),
  };
}

/** Something measured at a moment, in seconds since the beginning. */
export interface Sample {
  readonly second: number;
  readonly value: number;
}

/** Mean of the samples with `from <= second < to`. */
const meanBetween = (samples: readonly Sample[], from: number, to: number): number =>
  mean(samples.filter(({ second }) => second >= from && second < to).map(({ value }) => value));

/**
 * Means of the first and the last window of a run, and their ratio. The first window excludes the start-up. In a run
 * shorter than two windows, both halves are compared.
 */
export function drift(samples: readonly Sample[], windowSeconds: number, startUpSeconds: number) {
  const end = (samples.at(-1)?.second ?? 0) + 1;
  const window = Math.min(windowSeconds, end / 2);
  const first = meanBetween(samples, Math.min(startUpSeconds, window / 2), window);
  const last = meanBetween(samples, end - window, end);
  return { first: rounded(first, 1), last: rounded(last, 1), ratio: ratio(last, first) };
}

/** Growth per second in each full interval of a counter's samples (the last one may be shorter, from half of it on). */
export function ratesPerInterval(samples: readonly Sample[], intervalSeconds: number): number[] {
  const rates: number[] = [];
  let from = samples[0];
  for (const sample of samples.slice(1)) {
    if (from === undefined) break;
    const isLast = sample === samples.at(-1);
    const seconds = sample.second - from.second;
    if (seconds < intervalSeconds && !(isLast && seconds >= intervalSeconds / 2)) continue;
    rates.push(rounded((sample.value - from.value) / seconds));
    from = sample;
  }
  return rates;
}
