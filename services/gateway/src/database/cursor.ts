import { ProblemError } from '../request/problem.js';

/** The end of a page: its list and order, and the keys of the last row. */
export interface Position {
  readonly list: string;
  readonly keys: readonly string[];
}

export function encodeCursor(position: Position): string {
  return Buffer.from(JSON.stringify([position.list, ...position.keys])).toString('base64url');
}

/**
 * Reads a cursor of this list.
 *
 *
 * @throws ProblemError `validation-failed` if it is not a `nextCursor` of the same list and order
 */
export function decodeCursor(
  cursor: string | undefined,
  list: string,
  keyCount: number,
): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  const parts = parse(cursor);
  if (!parts || parts.length !== keyCount + 1 || parts[0] !== list) throw badCursor();
  return parts.slice(1);
}

const MAX_INT8 = 2n ** 63n - 1n;

/** A key that must be a whole number, such as a sequence. It and its negative fit the database's int8. */
export function numericKey(text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text)) throw badCursor();
  const number = BigInt(text);
  if (number > MAX_INT8 || number < -MAX_INT8) throw badCursor();
  return number;
}

/** Years 1 to 9999, which both JavaScript and the database support. */
const FIRST_INSTANT_MS = BigInt(Date.parse('0001-01-01T00:00:00Z'));
const LAST_INSTANT_MS = BigInt(Date.parse('9999-12-31T23:59:59.999Z'));

/** A key that must be an instant, in milliseconds since 1970. */
export function instantKey(text: string): Date {
  const ms = numericKey(text);
  if (ms < FIRST_INSTANT_MS || ms > LAST_INSTANT_MS) throw badCursor();
  return new Date(Number(ms));
}

function badCursor(): ProblemError {
  return ProblemError.invalid([
    { path: 'cursor', message: 'must be the nextCursor of the page before, of the same list' },
  ]);
}

function parse(cursor: string): string[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const isText = (part: unknown) => typeof part === 'string' && !part.includes('\u0000');
    return Array.isArray(parts) && parts.every(isText) ? (parts as string[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts off the additional row that shows whether there is a next page. */
export function page<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  toPosition: (row: Row) => Position,
): { items: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(toPosition(last)) : null;
  return { items: shown.map(toItem), nextCursor };
}
