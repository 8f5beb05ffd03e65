import { floorZero, type Points } from './points.js';
import type { MainAccount, PeriodClosing, SubAccount } from './state.js';

/**
 * Points that commands and funding may still take from main, in millipoints, negative in debt. Null if credit is
 * unlimited (design, section 3).
 */
export function available(main: Pick<MainAccount, 'plan' | 'creditLimit' | 'balance'>): Points | null {
  if (main.plan === 'prepay') return main.balance;
  return main.creditLimit === null ? null : ((main.balance + main.creditLimit) as Points);
}

/** Whether `available` covers an amount. An amount of 0 or less is always covered, also in debt. */
export function covers(main: MainAccount, amount: Points): boolean {
  if (amount <= 0n) return true;
  const left = available(main);
  return left === null || amount <= left;
}

/** The target in millipoints: T = max(0, limit + boost − used − held) (design, section 2). */
export const target = (sub: SubAccount): Points =>
  floorZero((sub.limit + sub.boost - sub.used - sub.held) as Points);

/**
 * Millipoints that an active sub-account lacks to its target. Other sub-accounts lack nothing (design, section 2).
 */
export const shortfall = (sub: SubAccount): Points =>
  sub.lifecycle === 'active' ? floorZero((target(sub) - sub.remaining) as Points) : (0n as Points);

/**
 * Millipoints given for this period, derived from remaining = granted − (used − overage) − held
 * (docs/decisions/0006).
 */
export const granted = (sub: SubAccount): Points =>
  (sub.remaining + sub.used - sub.overage + sub.held) as Points;

/**
 * The statement of the sub-account's current period if it closed now: all unused points are returned
 * (docs/decisions/0008).
 */
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

/** Unused points outside of main, in millipoints: in sub-accounts and holds. */
export const allocated = (main: MainAccount): Points => (main.granted + main.held) as Points;
