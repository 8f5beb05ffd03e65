import { describe, expect, test } from '@jest/globals';
import {
  atLeast,
  atMost,
  distribution,
  drift,
  mean,
  percentile,
  ratesPerInterval,
  ratio,
  type Sample,
} from './figures.js';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('percentile: the smallest value that so many percent are not above', () => {
  test.each<[string, number[], number, number]>([
    ['the only value', [7], 50, 7],
    ['the median of an even number is the lower one', [1, 2, 3, 4], 50, 2],
    ['of an odd number the middle', [1, 2, 3], 50, 2],
    ['p99 of 100', upTo(100), 99, 99],
    ['p99 of 101: 99 of them would be less than 99 %', upTo(101), 99, 100],
    ['p99.9 of 1,000 in spite of binary fractions', upTo(1_000), 99.9, 999],
    ['p99.9 of few is the maximum', upTo(100), 99.9, 100],
    ['p0 is the minimum', [3, 5], 0, 3],
    ['p100 is the maximum', [3, 5], 100, 5],
  ])('%s', (_name, ascending, percent, expected) => {
    expect(percentile(ascending, percent)).toBe(expected);
  });

  test('is NaN without values', () => {
    expect(percentile([], 99)).toBeNaN();
  });
});

test('a distribution sorts by number, and leaves what it was given as it is', () => {
  const values = [10, 9, 100.004, 1];
  expect(distribution(values)).toEqual({ count: 4, p50: 9, p90: 100, p99: 100, p99_9: 100, max: 100 });
  expect(values).toEqual([10, 9, 100.004, 1]);
});

describe('ratios and targets', () => {
  test.each<[string, number, number]>([
    ['to three digits', ratio(1, 3), 0.333],
    ['more than one', ratio(3, 2), 1.5],
  ])('%s', (_name, given, expected) => {
    expect(given).toBe(expected);
  });

  test.each<[string, boolean, boolean]>([
    ['at least: just met', atLeast('x', 0.5, 0.5).met, true],
    ['at least: missed', atLeast('x', 0.499, 0.5).met, false],
    ['at most: just met', atMost('x', 350, 350).met, true],
    ['at most: missed', atMost('x', 351, 350).met, false],
    ['what could not be measured is not met', atLeast('x', ratio(1, 0), 0.5).met, false],
    ['nor here', atMost('x', mean([]), 350).met, false],
  ])('%s', (_name, given, expected) => {
    expect(given).toBe(expected);
  });
});

/** A sample each second. */
const samples = (...values: number[]): Sample[] => values.map((value, second) => ({ second, value }));

describe('drift of the first and the last window', () => {
  test('leaves the start-up and the middle out', () => {
    const values = [0, 0, 10, 10, 500, 500, 11, 11, 11, 11];
    expect(drift(samples(...values), 4, 2)).toEqual({ first: 10, last: 11, ratio: 1.1 });
  });

  test('compares the halves of a run shorter than two windows', () => {
    expect(drift(samples(10, 10, 20, 20), 60, 0)).toEqual({ first: 10, last: 20, ratio: 2 });
  });

  test('uses at most half of a short window for start-up', () => {
    expect(drift(samples(0, 10, 20, 20), 60, 10)).toEqual({ first: 10, last: 20, ratio: 2 });
  });
});

describe('rates per interval of a counter', () => {
  test.each<[string, number[], number, number[]]>([
    ['each full interval', [0, 10, 20, 50, 80], 2, [10, 30]],
    ['a last one of half the length counts', [0, 10, 20, 50], 2, [10, 30]],
    ['a shorter one does not', [0, 10, 20, 30, 40, 90], 4, [10]],
    ['of one sample there is none', [5], 1, []],
  ])('%s', (_name, values, interval, expected) => {
    expect(ratesPerInterval(samples(...values), interval)).toEqual(expected);
  });
});
