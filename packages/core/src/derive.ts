import { floorZero, type Points } from './points.js';
import type { MainAccount, PeriodClosing, SubAccount } from './state.js';

/** What commands and funding may still take from main; null where credit is unlimited. */
export function available(main: Pick<MainAccount, 'plan' | 'creditLimit' | 'balance'>): Points | null {
  if (main.plan === 'prepay') return main.balance;
  return main.creditLimit === null ? null : ((main.balance + main.creditLimit) as Points);
}

/** Whether `available` covers an amount; nothing to pay is always covered, also in debt. */
export function covers(main: MainAccount, amount: Points): boolean {
  if (amount <= 0n) return true;
  const left = available(main);
  return left === null || amount <= left;
}

/** The target T = max(0, limit + boost − used − held). */
export const target = (sub: SubAccount): Points =>
  floorZero((sub.limit + sub.boost - sub.used - sub.held) as Points);

/** How much an active sub-account lacks to its target; others lack nothing. */
export const shortfall = (sub: SubAccount): Points =>
  sub.lifecycle === 'active' ? floorZero((target(sub) - sub.remaining) as Points) : (0n as Points);

/** Points really given for this period: remaining = granted − (used − overage) − held. */
export const granted = (sub: SubAccount): Points =>
  (sub.remaining + sub.used - sub.overage + sub.held) as Points;

/** The statement of its current period, were it to close now: all that is unused is returned. */
export const closingOf = (sub: SubAccount): PeriodClosing => ({
  period: sub.period,
  opening: sub.opening,
  limit: sub.limit,
  boost: sub.boost,
  granted: granted(sub),
  used: sub.used,
  overage: sub.overage,
  held: sub.held,
  returned: sub.remaining,
});

/** Points outside main that were not used: in sub-accounts and holds. */
export const allocated = (main: MainAccount): Points => (main.granted + main.held) as Points;
