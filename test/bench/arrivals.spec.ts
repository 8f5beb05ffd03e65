import { describe, expect, test } from '@jest/globals';
import { arrivals } from './arrivals.js';

describe('arrivals of an open loop', () => {
  test.each([
    ['many', 500, 60],
    ['few', 1, 3],
    ['a fraction of a second', 100, 0.5],
  ])('%s: as many as rate and time say, ascending, within the time', (_name, perSecond, seconds) => {
    const times = arrivals(perSecond, seconds, 7);
    expect(times).toHaveLength(perSecond * seconds);
    expect([...times]).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(0);
    expect(times.at(-1)).toBeLessThan(seconds * 1_000);
  });

  test('the same seed gives the same times, another gives others', () => {
    expect(arrivals(50, 2, 7)).toEqual(arrivals(50, 2, 7));
    expect(arrivals(50, 2, 8)).not.toEqual(arrivals(50, 2, 7));
  });

  test('gaps are exponential: about 1/e of them exceed their mean', () => {
    const times = arrivals(1_000, 20, 7);
    const gaps = times.map((at, index) => at - (times[index - 1] ?? 0));
    const long = gaps.filter((gap) => gap > 1).length / gaps.length;
    expect(long).toBeGreaterThan(0.35);
    expect(long).toBeLessThan(0.39);
  });

  test('the rate is the same in each part of the time', () => {
    const times = [...arrivals(1_000, 20, 7)];
    const firstHalf = times.filter((at) => at < 10_000).length;
    expect(firstHalf / times.length).toBeCloseTo(0.5, 1);
  });
});
