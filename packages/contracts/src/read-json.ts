/** Deeper than any contract nests. Recursive code would overflow the stack on a value that nests much deeper. */
const MAX_DEPTH = 64;

/** An object in the JSON text has a key twice, so it is ambiguous which value is meant (RFC 8259, section 4). */
export class DuplicateKeyError extends SyntaxError {
  override readonly name = 'DuplicateKeyError';
  constructor() {
    super('an object has the same key twice');
  }
}

/**
 * `JSON.parse` for untrusted text: it also refuses two equal keys in one object and too deep nesting. `JSON.parse`
 * keeps the last of two equal keys, so `{"points":"1","points":"500000"}` would be another order than another reader
 * sees (RFC 8259, section 4).
 *
 * @throws DuplicateKeyError if an object has a key twice
 * @throws SyntaxError if the text is not JSON or nests too deeply; its message may quote the text
 */
export function readJson(text: string): unknown {
  const json: unknown = JSON.parse(text);
  assertUniqueKeys(text, json);
  return json;
}

/**
 * Checks that no object of the text has a key twice. A parser that keeps one of two equal keys has fewer keys than
 * the text, so comparing the two counts is enough. It costs a fraction of the parsing.
 * @param json the result of `JSON.parse` for this text
 * @throws DuplicateKeyError if an object has a key twice
 * @throws SyntaxError if the text nests too deeply
 */
export function assertUniqueKeys(text: string, json: unknown): void {
  if (keysOf(json, 0) !== keysIn(text)) throw new DuplicateKeyError();
}

function keysOf(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_DEPTH) throw new SyntaxError(`nested more than ${MAX_DEPTH} deep`);
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += keysOf(item, depth + 1);
    return count;
  }
  for (const key in value) count += 1 + keysOf((value as Record<string, unknown>)[key], depth + 1);
  return count;
}

const BACKSLASH = 0x5c;
const COLON = 0x3a;
const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/**
 * Number of keys in valid JSON: the strings that a colon follows. Jumps from quote to quote with `indexOf`, which is
 * fast.
 */
function keysIn(text: string): number {
  let count = 0;
  for (let open = text.indexOf('"'); open >= 0; ) {
    let close = text.indexOf('"', open + 1);
    while (isEscaped(text, close)) close = text.indexOf('"', close + 1);
    let next = close + 1;
    while (isSpace(text.charCodeAt(next))) next += 1;
    if (text.charCodeAt(next) === COLON) count += 1;
    open = text.indexOf('"', next);
  }
  return count;
}

/** Whether an odd number of backslashes precedes this position. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}
