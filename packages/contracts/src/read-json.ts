/** Deeper than any contract nests; beyond it, what walks through a value would run out of stack. */
const MAX_DEPTH = 64;

/** The text is JSON, and an object of it has a key twice: which of the values is meant, nobody can know. */
export class DuplicateKeyError extends SyntaxError {
  override readonly name = 'DuplicateKeyError';
  constructor() {
    super('an object has the same key twice');
  }
}

/**
 * `JSON.parse`, which takes the last of two equal keys in silence, and any depth: `{"points":"1","points":"500000"}`
 * would be another order than the one that somebody else read.
 *
 * @throws DuplicateKeyError | SyntaxError; the latter's message may quote the text
 */
export function readJson(text: string): unknown {
  const json: unknown = JSON.parse(text);
  assertUniqueKeys(text, json);
  return json;
}

/**
 * A parser that kept only one of two equal keys has fewer keys than the text: counting both is enough, and costs a
 * fraction of the parsing.
 * @param json what `JSON.parse` made of the text
 * @throws DuplicateKeyError | SyntaxError
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

/** Keys in valid JSON: the strings that a colon follows. Hops from quote to quote, which the engine searches for. */
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

/** Behind an odd number of backslashes. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}
