import { MILLIPOINTS_PER_POINT } from '@subledger/contracts';

/** Millipoints of an amount on the wire (`"-1.2"` → `-1200n`). The text has passed the contract's schema. */
export function toMillipoints(text: string): bigint {
  const negative = text.startsWith('-');
  const [whole = '0', fraction = ''] = (negative ? text.slice(1) : text).split('.');
  const value = BigInt(whole) * MILLIPOINTS_PER_POINT + BigInt(fraction.padEnd(3, '0'));
  return negative ? -value : value;
}

/** The amount on the wire: at most 3 decimals, without trailing zeros. */
export function fromMillipoints(value: bigint): string {
  const size = value < 0n ? -value : value;
  // Most amounts are whole, and a page has a thousand of them.
  if (size % MILLIPOINTS_PER_POINT === 0n) return String(value / MILLIPOINTS_PER_POINT);
  const fraction = (size % MILLIPOINTS_PER_POINT).toString().padStart(3, '0').replace(/0+$/, '');
  const text = `${size / MILLIPOINTS_PER_POINT}.${fraction}`;
  return value < 0n ? `-${text}` : text;
}
