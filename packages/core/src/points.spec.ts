import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  add,
  floorZero,
  formatPoints,
  max,
  millipoints,
  min,
  negate,
  parsePoints,
  subtract,
  wholePoints,
} from './points.js';

describe('points on the wire', () => {
  it.each([
    ['0', 0n],
    ['1', 1_000n],
    ['1.2', 1_200n],
    ['1.02', 1_020n],
    ['1.002', 1_002n],
    ['-1.2', -1_200n],
    ['-0.001', -1n],
    ['0.999', 999n],
    ['1000000000', 1_000_000_000_000n],
    ['1000000000000', 1_000_000_000_000_000n],
  ])('%s is %d millipoints and back', (text, count) => {
    expect(parsePoints(text)).toBe(count);
    expect(formatPoints(millipoints(count))).toBe(text);
  });

  it.each([
    ['1.20', '1.2'],
    ['1.000', '1'],
    ['-0', '0'],
    ['-0.000', '0'],
    ['007', '7'],
  ])('reads %s and writes it as %s', (text, canonical) => {
    expect(formatPoints(parsePoints(text))).toBe(canonical);
  });

  it.each([
    '',
    '-',
    '.',
    '1.',
    '.5',
    '+1',
    '1e3',
    '1,000',
    '1.2345',
    ' 1',
    '1 ',
    '１',
    '0x10',
    '--1',
    'NaN',
    '1\n',
  ])('refuses %j', (text) => {
    expect(() => parsePoints(text)).toThrow(RangeError);
  });

  it('reads back what it wrote, for any amount of the books', () => {
    const amounts = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
    fc.assert(
      fc.property(amounts, (count) => {
        const text = formatPoints(millipoints(count));
        expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d{0,2}[1-9])?$/);
        expect(parsePoints(text)).toBe(count);
      }),
    );
  });

  it('counts exactly where floats would not', () => {
    expect(formatPoints(add(parsePoints('0.1'), parsePoints('0.2')))).toBe('0.3');
    expect(formatPoints(subtract(parsePoints('9007199254740.993'), parsePoints('0.001')))).toBe(
      '9007199254740.992',
    );
    expect(wholePoints(3)).toBe(3_000n);
    expect(wholePoints(1_000_000_000_000n)).toBe(10n ** 15n);
  });

  it('compares, negates and floors', () => {
    const [low, high] = [parsePoints('-1.2'), parsePoints('3')];
    expect([min(low, high), max(low, high), min(high, low), max(high, low)]).toEqual([low, high, low, high]);
    expect([floorZero(low), floorZero(high), negate(low)]).toEqual([0n, 3_000n, 1_200n]);
  });
});
