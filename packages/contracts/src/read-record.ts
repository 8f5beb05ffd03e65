import { DuplicateKeyError, readJson } from './read-json.js';
import type { DeadLetterReason } from './vocabulary.js';

/** A record of a topic as its reader takes it: valid, not this reader's business, or to be dead-lettered. */
export type Reading<Value> = { readonly kind: 'valid'; readonly value: Value } | Skipped | Refused;

export interface Skipped {
  readonly kind: 'skipped';
}
export interface Refused {
  readonly kind: 'refused';
  readonly reason: DeadLetterReason;
  /** Says why without quoting the record, which may hold a message's content. */
  readonly detail: string;
}

export const valid = <Value>(value: Value): Reading<Value> => ({ kind: 'valid', value });
export const SKIPPED: Skipped = { kind: 'skipped' };
export const refused = (reason: DeadLetterReason, detail: string): Refused => ({
  kind: 'refused',
  reason,
  detail,
});

/** A record's value is no JSON that may be read. Its own class: JSON itself can have any other shape. */
export class Unreadable {
  constructor(
    readonly reason: DeadLetterReason,
    readonly detail: string,
  ) {}

  get refused(): Refused {
    return refused(this.reason, this.detail);
  }
}

interface RawRecord {
  readonly value: Buffer | null;
  /** Set where the record stands for a batch that cannot be decoded. */
  readonly undecodable?: { readonly detail: string } | undefined;
}
interface ReadOptions {
  /** Longer values are refused. */
  readonly maxBytes: number;
  /** `readJson` unless the writer is one of our services, whose objects never have a key twice. */
  readonly parse?: (text: string) => unknown;
}

/**
 * The first steps of every reader, in this order: whether the batch could be decoded, whether there is a value, its size,
 * whether it is JSON.
 *
 * @returns the JSON, or why there is none; never throws
 */
export function readRecordJson(
  { value, undecodable }: RawRecord,
  { maxBytes, parse = readJson }: ReadOptions,
): unknown | Unreadable {
  if (undecodable) return new Unreadable('undecodable-batch', undecodable.detail);
  if (value === null || value.length === 0) return new Unreadable('empty', 'the record has no value');
  if (value.length > maxBytes)
    return new Unreadable('oversized', `${value.length} bytes, at most ${maxBytes} are read`);
  try {
    return parse(value.toString('utf8'));
  } catch (error) {
    if (error instanceof DuplicateKeyError) return new Unreadable('duplicate-keys', error.message);
    // V8's message quotes the text.
    return new Unreadable('malformed-json', 'the value is not JSON');
  }
}
