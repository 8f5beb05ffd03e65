import type { Books } from './books.js';
import { available, covers } from './derive.js';
import { type Decision, onlyMain, type Rejection } from './outcome.js';
import { floorZero, type Points } from './points.js';
import type { MainAccount } from './state.js';

/** Refuses a command: one event, nothing moved. Without books the event has sequence 0. */
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

/** The refusal for want of points, or null where `available` covers what is needed. */
export function insufficient(main: MainAccount, needed: Points): Rejection | null {
  if (covers(main, needed)) return null;
  return { code: 'insufficient-main-balance', needed, available: floorZero(available(main) as Points) };
}
