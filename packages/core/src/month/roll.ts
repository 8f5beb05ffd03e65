import type { Books } from '../books.js';
import type { WithMain } from '../commands/with-main.js';
import { closingOf, shortfall } from '../derive.js';
import { Draft } from '../draft.js';
import { byFundingOrder, fund } from '../funding.js';
import type { CommandOf } from '../input.js';
import type { Decision } from '../outcome.js';
import { type EpochMs, nextPeriod, periodStart } from '../period.js';
import { add, type Points, ZERO } from '../points.js';
import { reject } from '../reject.js';
import type { MainAccount, PeriodClosing, SubAccount, Transfer } from '../state.js';

/** Closes one sub-account's period: unused points to main, pending limit in, counters to zero. */
function close(draft: Draft, sub: SubAccount, period: string): PeriodClosing {
  const closing = closingOf(sub);
  draft.addStatement(sub, closing);
  // The return belongs to the period that ends; its holds stay open and keep that period.
  draft.move('month-return', { sub }, 'main', sub.remaining, { sub, period: closing.period });
  sub.limit = sub.nextLimit ?? sub.limit;
  sub.nextLimit = null;
  sub.period = period;
  sub.boost = ZERO;
  sub.used = ZERO;
  sub.overage = ZERO;
  sub.held = ZERO;
  return closing;
}

/** Moves the main account itself to its next period; a new time zone acts from here. */
function turn(main: MainAccount, at: EpochMs): void {
  const due = main.nextMonthStart;
  main.period = nextPeriod(main.period);
  main.timeZone = main.nextTimeZone ?? main.timeZone;
  main.nextTimeZone = null;
  main.periodOpenedAt = Math.min(at, due);
  main.nextMonthStart = periodStart(nextPeriod(main.period), main.timeZone);
}

/** The transfers of each sub-account, to hand each event its own. */
function bySubAccount(transfers: readonly Transfer[]): Map<string | null, Transfer[]> {
  const groups = new Map<string | null, Transfer[]>();
  for (const transfer of transfers) {
    const group = groups.get(transfer.subAccountId);
    if (group) group.push(transfer);
    else groups.set(transfer.subAccountId, [transfer]);
  }
  return groups;
}

/** One month start on a draft: everything back, then a funding pass over all, one event each and a summary. */
function rollOnce(draft: Draft, at: EpochMs): void {
  const { main, books } = draft;
  const from = main.period;
  const first = draft.transfers.length;
  // Copied before the period turns: their counters are still those of the one that closes.
  const subs = [...books.subAccounts.values()]
    .filter((stored) => stored.lifecycle !== 'deleted')
    .sort(byFundingOrder)
    .map((stored) => draft.sub(stored.id) as SubAccount);
  turn(main, at);
  const closings = subs.map((sub) => close(draft, sub, main.period));
  let given = ZERO;
  const active = subs.filter((sub) => sub.lifecycle === 'active').map((sub) => sub.id);
  fund(draft, active, (_sub, points) => {
    given = add(given, points);
  });
  const transfers = bySubAccount(draft.transfers.slice(first));
  let returned = ZERO;
  let funded = 0;
  let unfunded = 0;
  subs.forEach((sub, index) => {
    const closed = closings[index] as PeriodClosing;
    returned = add(returned, closed.returned);
    sub.opening = sub.remaining;
    if (sub.lifecycle === 'active' && shortfall(sub) === 0n) funded += 1;
    else if (sub.lifecycle === 'active' && sub.remaining === 0n) unfunded += 1;
    draft.emit('sub-account.rolled', { closed }, sub, transfers.get(sub.id) ?? []);
  });
  const detail = { from, to: main.period, returned, granted: given as Points, funded, unfunded };
  draft.emit('period.rolled', detail, null, []);
}

/** The implicit month start: the record's broker time has passed it. One period. */
export function rollByClock(books: Books, main: MainAccount, at: EpochMs): Decision {
  const draft = new Draft(books, main);
  rollOnce(draft, at);
  return draft.finish();
}

/**
 * The scheduler's month start for the period that begins. A period reached before is `already-rolled`. Only the next
 * one can be rolled, and before its month start only where the policy allows it: due ones were rolled by the clock.
 */
export function rollByCommand(
  { books, main, policy }: WithMain,
  command: CommandOf<'period.roll'>,
): Decision {
  const { period } = command.data;
  const draft = new Draft(books, main);
  if (period <= main.period) {
    draft.emit('period.already-rolled', { period });
    return draft.finish();
  }
  const isNext = period === nextPeriod(main.period);
  if (!isNext || (command.at < main.nextMonthStart && !policy.allowEarlyRoll)) {
    return reject(books, { code: 'period-not-due' });
  }
  rollOnce(draft, command.at);
  return draft.finish();
}
