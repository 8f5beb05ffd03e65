import { describe, expect, test } from '@jest/globals';
import { spreads } from './repeats.js';

describe('spreads', () => {
  test('take the median, the least and the greatest of each figure', () => {
    const runs = [
      { drained: { ratioToFloor: 0.5 } },
      { drained: { ratioToFloor: 0.4 } },
      { drained: { ratioToFloor: 0.45 } },
    ];
    expect(spreads(runs)).toEqual({ 'drained.ratioToFloor': { median: 0.45, min: 0.4, max: 0.5 } });
  });

  test.each([
    ['one run', [7], { median: 7, min: 7, max: 7 }],
    ['an even number of runs: between the middle ones', [1, 10, 4, 3], { median: 3.5, min: 1, max: 10 }],
    ['sorted by value, not as text', [100, 20, 3], { median: 20, min: 3, max: 100 }],
  ])('%s', (_, values, expected) => {
    expect(spreads(values.map((value) => ({ value })))).toEqual({ value: expected });
  });

  test('leave out what is no number, what is in lists, and what a run lacks', () => {
    const runs = [
      { bench: 'a', targets: [{ value: 1 }], p99: 1, floor: null, here: 1 },
      { bench: 'a', targets: [{ value: 2 }], p99: Number.NaN, floor: null },
    ];
    expect(spreads(runs)).toEqual({});
  });
});
