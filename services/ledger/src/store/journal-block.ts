import type { JournalRow } from './rows.js';

/** ASCII record separator: JSON escapes control characters, so it never stands in a JSON text. */
const SEPARATOR = '\u001e';

/** Journal rows of one statement, with their payloads as UTF-8: one buffer, separated by `E'\x1e'`. */
export interface JournalBlock {
  readonly rows: readonly JournalRow[];
  readonly payloads: Buffer;
}

/**
 * Encodes the JSON texts of events once, for both servers: PostgreSQL takes the whole buffer as one parameter and
 * splits it (in an array literal each of their many quotes would have to be escaped, and unescaped there), Kafka
 * takes the parts.
 */
export function encodePayloads(texts: readonly string[]): {
  readonly whole: Buffer;
  readonly parts: Buffer[];
} {
  const joined = texts.join(SEPARATOR);
  const whole = Buffer.from(joined, 'utf8');
  // Nearly always: what customers write (references, reasons) is all that may not be ASCII.
  const isAscii = whole.length === joined.length;
  const parts: Buffer[] = [];
  let from = 0;
  for (const text of texts) {
    const to = from + (isAscii ? text.length : Buffer.byteLength(text, 'utf8'));
    parts.push(whole.subarray(from, to));
    from = to + SEPARATOR.length;
  }
  return { whole, parts };
}
