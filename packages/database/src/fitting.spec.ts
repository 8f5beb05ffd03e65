import { describe, expect, it } from '@jest/globals';
import { fitting } from './fitting.js';

describe('fitting', () => {
  it.each([
    [[], 0],
    [[1, 2, 3], 2],
    [[3, 1], 1],
    [[2, 1, 0], 3],
    [[9, 1], 1],
    [[Number.POSITIVE_INFINITY, 0], 1],
    [[1, Number.POSITIVE_INFINITY], 1],
  ])('takes of %j the first %i', (sizes, count) => {
    expect(fitting(sizes, (size) => size, 3)).toBe(count);
  });
});
