import type { Books } from '../books.js';
import { available } from '../derive.js';
import { Draft } from '../draft.js';
import { fullFundingPass, fundingPass } from '../funding.js';
import type { CommandOf } from '../input.js';
import type { Decision } from '../outcome.js';
import { nextPeriod, periodAt, periodStart } from '../period.js';
import { add, negate, type Points, ZERO } from '../points.js';
import { reject, shortfalls } from '../reject.js';
import type { MainAccount } from '../state.js';
import type { WithMain } from './with-main.js';

/** Opens the books in the current period of the account's zone. */
export function openMainAccount(books: Books, command: CommandOf<'main-account.open'>): Decision {
  if (books.main) return reject(books, { code: 'already-exists' });
  const { plan, timeZone, creditLimit, fundingPolicy } = command.data;
  const period = periodAt(command.at, timeZone);
  const draft = new Draft(books, {
    id: command.mainAccountId,
    plan,
    timeZone,
    nextTimeZone: null,
    creditLimit,
    fundingPolicy,
    featureActive: false,
    suspended: false,
    suspendBelow: null,
    monthStartFailed: false,
    period,
    periodOpenedAt: periodStart(period, timeZone),
    nextMonthStart: periodStart(nextPeriod(period), timeZone),
    balance: ZERO,
    purchased: ZERO,
    used: ZERO,
    held: ZERO,
    granted: ZERO,
    activeSubAccounts: 0,
    subAccounts: 0,
    opened: 0,
    sequence: 0,
    transferSequence: 0,
  });
  draft.emit('main-account.opened', {});
  return draft.finish();
}

/**
 * Changes credit limit, funding policy, the bound of automatic suspension or time zone. The zone takes effect at the
 * next month start (docs/decisions/0008). A lower credit limit must not leave a balance due. A higher one is allowed
 * even while a balance remains due.
 */
export function configureMainAccount(
  { books, main }: WithMain,
  command: CommandOf<'main-account.configure'>,
): Decision {
  const { creditLimit, fundingPolicy, timeZone, suspendBelow } = command.data;
  const draft = new Draft(books, main);
  if (creditLimit !== undefined) draft.main.creditLimit = creditLimit;
  if (fundingPolicy !== undefined) draft.main.fundingPolicy = fundingPolicy;
  if (suspendBelow !== undefined) draft.main.suspendBelow = suspendBelow;
  if (timeZone !== undefined) draft.main.nextTimeZone = timeZone === main.timeZone ? null : timeZone;
  const due = balanceDue(draft.main);
  if (due > 0n && due > balanceDue(main))
    return reject(books, { code: 'balance-due', needed: due, lacking: add(due, shortfalls(books)) });
  draft.emit('main-account.configured', {});
  fullFundingPass(draft);
  return draft.finish();
}

/** Millipoints by which `available` is below 0. */
function balanceDue(main: MainAccount): Points {
  const left = available(main);
  return left !== null && left < 0n ? negate(left) : ZERO;
}

export function setSuspended({ books, main }: WithMain, suspended: boolean): Decision {
  const draft = new Draft(books, main);
  draft.main.suspended = suspended;
  draft.emit(suspended ? 'main-account.suspended' : 'main-account.resumed', {});
  return draft.finish();
}

/**
 * Changes only the count of events. The answer marks the position of the snapshot among the events
 * (docs/decisions/0020).
 */
export function requestSnapshot({ books, main }: WithMain, command: CommandOf<'snapshot.request'>): Decision {
  const draft = new Draft(books, main);
  draft.emit('snapshot.requested', { history: command.data.history });
  return draft.finish();
}

export function activateFeature({ books, main }: WithMain): Decision {
  const draft = new Draft(books, main);
  draft.main.featureActive = true;
  draft.emit('feature.activated', {});
  return draft.finish();
}

/** Refused while sub-accounts are active, because they would keep points that they could not use. */
export function deactivateFeature({ books, main }: WithMain): Decision {
  if (main.activeSubAccounts > 0) return reject(books, activeBlockers(books, main));
  const draft = new Draft(books, main);
  draft.main.featureActive = false;
  draft.emit('feature.deactivated', {});
  return draft.finish();
}

const MAX_BLOCKERS = 100;

/** The active sub-accounts that block the command, oldest first, at most 100 of them. */
function activeBlockers(books: Books, main: MainAccount) {
  const blockers = [...books.subAccounts.values()]
    .filter((sub) => sub.lifecycle === 'active')
    .sort((a, b) => a.ordinal - b.ordinal)
    .slice(0, MAX_BLOCKERS)
    .map((sub) => sub.id);
  return { code: 'sub-accounts-active', blockers, blockerCount: main.activeSubAccounts } as const;
}

/** Switches prepay ↔ postpay. Refused if sub-accounts are active, or if the new `available` would be below 0. */
export function switchPlan({ books, main }: WithMain, command: CommandOf<'plan.switch'>): Decision {
  const { plan } = command.data;
  const draft = new Draft(books, main);
  if (plan !== main.plan) {
    if (main.activeSubAccounts > 0) return reject(books, activeBlockers(books, main));
    draft.main.plan = plan;
    const due = balanceDue(draft.main);
    if (due > 0n) return reject(books, { code: 'balance-due', needed: due });
  }
  draft.emit('plan.switched', { plan });
  fundingPass(draft);
  return draft.finish();
}
