import type { Books } from './books.js';
import { available, covers, shortfall } from './derive.js';
import { type Decision, onlyMain, type Rejection } from './outcome.js';
import { add, type Points, subtract, ZERO } from './points.js';
import type { MainAccount } from './state.js';

/** Refuses a command: one event, and no transfer. Without books the event has sequence 0. */
export function reject(books: Books, rejection: Rejection, subAccountId: string | null = null): Decision {
  const main = books.main && { ...books.main, sequence: books.main.sequence + 1 };
  const known = subAccountId !== null && books.subAccounts.has(subAccountId) ? subAccountId : null;
  return {
    kind: 'decided',
    events: [
      {
        name: 'command.rejected',
        sequence: main?.sequence ?? 0,
        subAccountId: known,
        transfers: [],
        detail: rejection,
      },
    ],
    changes: onlyMain(main),
  };
}

/**
 * The refusal for lack of points, or null if `available` covers the need.
 * @param main the main account after the command, apart from this move
 * @param subAccountId the sub-account to fund; its own shortfall is part of `needed`
 */
export function insufficient(
  books: Books,
  main: MainAccount,
  needed: Points,
  subAccountId: string | null = null,
): Rejection | null {
  if (covers(main, needed)) return null;
  const left = available(main) as Points;
  const lacking = add(subtract(needed, left), shortfalls(books, subAccountId));
  return { code: 'insufficient-main-balance', needed, available: left, lacking };
}

/**
 * Millipoints that a purchase would spend first: it funds all sub-accounts with a shortfall.
 * @param except a sub-account to leave out
 */
export function shortfalls(books: Books, except: string | null = null): Points {
  let sum = ZERO;
  for (const id of books.short) {
    const sub = id === except ? undefined : books.subAccounts.get(id);
    if (sub) sum = add(sum, shortfall(sub));
  }
  return sum;
}
