import { parsePoints } from '@subledger/core';

const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);
/** Up to this many digits, whole points are exact as a number of millipoints, which is faster. */
const EXACT_DIGITS = 12;
const POINT = 46;

/**
 * Millipoints of a checked amount, as a 64-bit integer. The contract allows amounts up to ten times larger, which no
 * account of the ledger can have. They become the largest or smallest 64-bit integer.
 */
export function toStored(text: string): bigint {
  if (text.length <= EXACT_DIGITS && text.charCodeAt(0) !== 45) {
    let digits = 0;
    let at = 0;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === POINT) break;
      digits = digits * 10 + (code - 48);
    }
    digits *= 1_000;
    for (let scale = 100; ++at < text.length; scale /= 10) digits += (text.charCodeAt(at) - 48) * scale;
    return BigInt(digits);
  }
  const exact = parsePoints(text);
  if (exact > MAX) return MAX;
  return exact < MIN ? MIN : exact;
}
