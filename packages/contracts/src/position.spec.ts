import { describe, expect, test } from '@jest/globals';
import { isNewer } from './position.js';

describe('isNewer', () => {
  test.each([
    ['nothing before', [1, 1], undefined, true],
    ['a later sequence', [1, 3], [1, 2], true],
    ['the same', [1, 2], [1, 2], false],
    ['an earlier sequence', [1, 1], [1, 2], false],
    ['a later generation, whatever the sequence', [2, 1], [1, 9], true],
    ['an earlier generation, whatever the sequence', [1, 9], [2, 1], false],
  ] as const)('%s', (_what, a, b, expected) => {
    const position = ([generation, sequence]: readonly [number, number]) => ({ generation, sequence });
    expect(isNewer(position(a), b && position(b))).toBe(expected);
  });

  test('compares bigint sequences beyond what a number holds', () => {
    const at = (sequence: bigint) => ({ generation: 1, sequence });
    expect(isNewer(at(2n ** 53n + 1n), at(2n ** 53n))).toBe(true);
  });
});
