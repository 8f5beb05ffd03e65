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

/** Digits of whole points whose millipoints a number holds exactly. */
const SAFE_DIGITS = 12;
const PATTERN = /^(-?)(\d{1,16})(?:\.(\d{1,3}))?$/;

/**
 * Reads a decimal string of points with at most 3 decimals (`"1.2"` is 1,200 millipoints). Schemas refuse invalid
 * text earlier.
 * @throws RangeError if the text is not an amount
 */
export function parsePoints(text: string): Points {
  const match = PATTERN.exec(text);
  if (!match) throw new RangeError(`not an amount of points: ${JSON.stringify(text)}`);
  const whole = match[2] as string;
  const thousandths = match[3] === undefined ? '000' : match[3].padEnd(3, '0');
  const value = BigInt(whole.length <= SAFE_DIGITS ? Number(whole + thousandths) : whole + thousandths);
  return (match[1] ? -value : value) as Points;
}

/** Writes millipoints as a decimal string of points, as on the wire: no exponent, no trailing zeros, no `-0`. */
export function formatPoints(points: bigint): string {
  const exact = Number(points);
  // Below 2^53 a number is exact, and its arithmetic makes no garbage. Most of the ledger's texts are amounts.
  if (Number.isSafeInteger(exact)) {
    const thousandths = exact % 1_000;
    return thousandths === 0 ? String(exact / 1_000) : withDecimals(exact, thousandths);
  }
  const fraction = points % MILLIPOINTS_PER_POINT;
  const whole = String(points / MILLIPOINTS_PER_POINT);
  return fraction === 0n ? whole : `${whole}.${decimals(Math.abs(Number(fraction)))}`;
}

function withDecimals(exact: number, thousandths: number): string {
  const sign = exact < 0 ? '-' : '';
  return `${sign}${Math.trunc(Math.abs(exact) / 1_000)}.${decimals(Math.abs(thousandths))}`;
}

/** 1 to 999 thousandths without trailing zeros. */
function decimals(thousandths: number): string {
  if (thousandths % 100 === 0) return String(thousandths / 100);
  const digits = String(thousandths).padStart(3, '0');
  return thousandths % 10 === 0 ? digits.slice(0, 2) : digits;
}
