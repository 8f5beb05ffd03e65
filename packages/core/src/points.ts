import { MILLIPOINTS_PER_POINT } from '@subledger/contracts/vocabulary';

declare const brand: unique symbol;
/** An amount in millipoints: 1 point = 1,000 millipoints (design, section 2). Never a float, never a JSON number. */
export type Points = bigint & { readonly [brand]: 'Points' };

export const ZERO = 0n as Points;

/** Marks a count of millipoints as `Points`. */
export const millipoints = (count: bigint): Points => count as Points;
/**
 * Converts whole points to millipoints.
 * @throws RangeError if a number has a fraction
 */
export const wholePoints = (count: bigint | number): Points =>
  (BigInt(count) * MILLIPOINTS_PER_POINT) as Points;

export const add = (a: Points, b: Points): Points => (a + b) as Points;
export const subtract = (a: Points, b: Points): Points => (a - b) as Points;
export const negate = (a: Points): Points => -a as Points;
export const min = (a: Points, b: Points): Points => (a < b ? a : b);
export const max = (a: Points, b: Points): Points => (a > b ? a : b);
/** The amount, or 0 if it is negative. */
export const floorZero = (a: Points): Points => (a < 0n ? ZERO : a);

const PATTERN = /^(-?)(\d{1,16})(?:\.(\d{1,3}))?$/;

/**
 * Reads a decimal string of points with at most 3 decimals (`"1.2"` is 1,200 millipoints). Schemas refuse invalid
 * text earlier.
 * @throws RangeError if the text is not an amount
 */
export function parsePoints(text: string): Points {
  const match = PATTERN.exec(text);
  if (!match) throw new RangeError(`not an amount of points: ${JSON.stringify(text)}`);
  const value = BigInt(match[2] as string) * MILLIPOINTS_PER_POINT + BigInt((match[3] ?? '').padEnd(3, '0'));
  return (match[1] ? -value : value) as Points;
}

/** Writes millipoints as a decimal string of points, as on the wire: no exponent, no trailing zeros, no `-0`. */
export function formatPoints(points: bigint): string {
  const sign = points < 0n ? '-' : '';
  const size = points < 0n ? -points : points;
  const fraction = size % MILLIPOINTS_PER_POINT;
  const whole = `${sign}${size / MILLIPOINTS_PER_POINT}`;
  return fraction === 0n ? whole : `${whole}.${fraction.toString().padStart(3, '0').replace(/0+$/, '')}`;
}
