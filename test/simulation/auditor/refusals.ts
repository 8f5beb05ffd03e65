import type { BooksView } from './books.js';
import { amountOf, check, equal } from './check.js';
import { type CommandData, referenceOf } from './decisions.js';
import type { EventView } from './evidence.js';

type Test = (books: BooksView, command: CommandData, data: EventView['data']) => boolean;

const subOf = (books: BooksView, command: CommandData) => books.subs.get(String(command.subAccountId));
const statusIs =
  (status: string): Test =>
  (books, command) => {
    const sub = subOf(books, command);
    return sub !== undefined && books.status(sub) === status;
  };

/** Whether the reason of a refusal is true in the auditor's books. */
const TESTS: Record<string, Test> = {
  'already-exists': (books, command) =>
    command.subAccountId === undefined ? books.plan !== '' : subOf(books, command) !== undefined,
  'sub-account-not-found': (books, command) => (subOf(books, command)?.lifecycle ?? 'deleted') === 'deleted',
  'feature-inactive': (books) => !books.feature,
  'sub-accounts-active': (books) => books.inFundingOrder().length > 0,
  'already-charged': (books, command) => books.charges.has(String(command.messageId)),
  'already-held': (books, command) => books.holds.get(String(command.messageId))?.state === 'open',
  'hold-released': (books, command) => {
    const state = books.holds.get(String(command.messageId))?.state;
    return state !== undefined && state !== 'open';
  },
  'sub-account-inactive': statusIs('inactive'),
  'sub-account-suspended': statusIs('suspended'),
  'sub-account-paused': statusIs('paused'),
  'sub-account-unfunded': statusIs('unfunded'),
  'limit-exceeded': (books, command, { remaining }) => {
    const sub = subOf(books, command);
    if (!sub) return false;
    equal(amountOf(remaining), books.remaining(sub), () => `remaining in the refusal for ${sub.id}`);
    return amountOf(command.points) > books.remaining(sub);
  },
  'duplicate-reference': (books, command) =>
    command.allowDuplicateReference !== true && books.booked.has(referenceOf(command) ?? ''),
  'insufficient-main-balance': (books, command, { needed, available, lacking }) => {
    const left = books.available;
    if (left === null) return false;
    equal(amountOf(available), left, () => `available in a refusal of ${books.id}`);
    let wanted = amountOf(needed) - left;
    for (const sub of books.subs.values())
      if (sub.id !== command.subAccountId) wanted += books.shortfall(sub);
    equal(amountOf(lacking), wanted, () => `lacking in a refusal of ${books.id}`);
    return amountOf(needed) > left;
  },
  'balance-due': (_, __, { needed }) => amountOf(needed) > 0n,
};

export function assertRefusal(books: BooksView, { id, data }: EventView, command: CommandData | null): void {
  const test = TESTS[String(data.code)];
  if (!test || !command) return;
  check(test(books, command, data), () => `${id} was refused as ${data.code} without need`);
}
