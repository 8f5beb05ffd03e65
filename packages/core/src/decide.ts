import type { Books } from './books.js';
import type { Input, LedgerPolicy } from './input.js';
import type { Decision } from './outcome.js';
import type { EpochMs } from './period.js';

export function isRollDue(books: Books, at: EpochMs): boolean {
  return books.main !== null && at >= books.main.nextMonthStart;
}

export function decide(_books: Books, _input: Input, _policy: LedgerPolicy): Decision {
  throw new Error('being written');
}
