import { nextPeriod, periodStart } from '@subledger/core';

export interface DuePeriod {
  /** The period that begins. */
  readonly period: string;
  /** Its month start, epoch milliseconds. */
  readonly dueAt: number;
}

/** No account can be this far behind, so a broken clock does not request a century of months. */
const MAX_MONTHS = 120;

/**
 * Every month start that a main account has missed up to an instant, oldest first. The first is the ledger's own
 * instant, which a changed time zone does not move. The others are computed in the zone, including daylight-saving
 * changes.
 */
export function duePeriods(
  account: { readonly period: string; readonly nextMonthStart: number; readonly timeZone: string },
  asOfMs: number,
): DuePeriod[] {
  const due: DuePeriod[] = [];
  let period = nextPeriod(account.period);
  let dueAt = account.nextMonthStart;
  while (dueAt <= asOfMs && due.length < MAX_MONTHS) {
    due.push({ period, dueAt });
    period = nextPeriod(period);
    dueAt = periodStart(period, account.timeZone);
  }
  return due;
}
