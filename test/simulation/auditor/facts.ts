import { periodOf, previous } from '../world/calendar.js';
import type { BooksView, SubView } from './books.js';
import { AuditFailure, amountOf, check, equal, least } from './check.js';
import type { EventView } from './evidence.js';

/** Sums of an event's transfers by account. */
function sums(event: EventView, from: string) {
  const of = (to: string, test: (kind: string) => boolean = () => true) =>
    event.data.transfers
      .filter((move) => move.from === from && move.to === to && test(move.kind))
      .reduce((sum, { points }) => sum + amountOf(points), 0n);
  return of;
}

/**
 * Returned points. If the sub-account is active and the period is open, they first repay its overage to main, then
 * fill it up to its target. The rest, and all other returned points, go to main. The counters already exclude them.
 */
function comeBack(books: BooksView, event: EventView, sub: SubView, back: Back): void {
  const { amount, period, from } = back;
  const isOpen = period === books.period;
  const repaid = isOpen ? least(sub.overage, amount) : 0n;
  sub.overage -= repaid;
  const moved = sums(event, from);
  const filled = moved('sub');
  // The transfers are already posted, so compute what it lacked before this one.
  const lacked = books.shortfall(sub) + filled + back.fundedLater;
  const wanted = isOpen && sub.lifecycle === 'active' ? least(lacked, amount - repaid) : 0n;
  equal(filled, wanted, () => `points that came back to ${sub.id} in ${event.id}`);
  equal(
    moved('main', (kind) => kind === 'overage-repayment'),
    repaid,
    () => `overage repaid in ${event.id}`,
  );
  equal(moved('main'), amount - filled, () => `points that came back to main in ${event.id}`);
}

interface Back {
  readonly amount: bigint;
  readonly period: string;
  readonly from: 'hold' | 'used';
  /** Points that the funding pass of the same decision gave it. */
  readonly fundedLater: bigint;
}

/** A message's charge: its hold pays first, then the sub-account as far as it goes, then main. */
export function charged(books: BooksView, event: EventView, fact: Record<string, unknown> | null): void {
  const { data } = event;
  const messageId = String(data.messageId);
  const points = amountOf(data.points);
  check(!books.charges.has(messageId), () => `${messageId} is charged a second time, in ${event.id}`);
  const sub = books.current(data.subAccount?.subAccountId as string);
  const hold = books.holds.get(messageId);
  const pays = hold?.state === 'open' && hold.subAccountId === sub.id ? hold : null;
  const period = pays ? pays.period : periodOfMessage(books, Date.parse(String(fact?.sentAt)));
  equal(data.period, period, () => `period of ${event.id}`);
  const isOpen = period === books.period;
  const { fromHold, fromSub, fromMain, leftover } = parts(event);
  const held = fromHold + leftover;
  equal(fromHold, pays ? least(held, points) : 0n, () => `points that the hold of ${messageId} paid`);
  const rest = points - fromHold;
  if (isOpen && sub.lifecycle === 'active') {
    // Already posted: its earlier points are its current points plus what it paid.
    if (rest > 0n)
      check(fromSub === rest || before(books, event, sub) === fromSub, () => `${event.id}: fromSub`);
  } else
    equal(fromSub, 0n, () => `points of ${sub.id} for a closed period or while inactive, in ${event.id}`);
  equal(fromHold + fromSub + fromMain, points, () => `parts of ${event.id}`);
  if (pays && isOpen) sub.held -= held;
  if (isOpen) {
    sub.used += points;
    sub.overage += fromMain;
  }
  if (pays) {
    pays.state = 'settled';
    if (leftover > 0n) {
      comeBack(books, event, sub, {
        amount: leftover,
        period,
        from: 'hold',
        fundedLater: books.givenLater.get(sub.id) ?? 0n,
      });
      if (books.isClosed(sub, period)) books.statement(sub, period).lateReturned += leftover;
    }
    equal(books.balance(`hold:${messageId}`), 0n, () => `what is left in the hold of ${messageId}`);
  }
  if (books.isClosed(sub, period)) books.statement(sub, period).lateUsed += points;
  equal(data.late, books.isClosed(sub, period), () => `late of ${event.id}`);
  const charge = { subAccountId: sub.id, period, points, refunded: 0n, sequence: data.sequence };
  books.charges.set(messageId, charge);
}

function parts(event: EventView) {
  const { data } = event;
  const fromHold = amountOf(data.fromHold);
  const fromSub = amountOf(data.fromSub);
  const fromMain = amountOf(data.fromMain);
  const fromHoldTo = sums(event, 'hold');
  equal(fromHoldTo('used'), fromHold, () => `fromHold of ${event.id}`);
  equal(sums(event, 'sub')('used'), fromSub, () => `fromSub of ${event.id}`);
  equal(sums(event, 'main')('used'), fromMain, () => `fromMain of ${event.id}`);
  return { fromHold, fromSub, fromMain, leftover: fromHoldTo('main') + fromHoldTo('sub') };
}

/** The sub-account's points before this event's own transfer, from the transfer's balance, which was checked. */
function before(books: BooksView, event: EventView, sub: SubView): bigint {
  const move = event.data.transfers.find(({ from, to }) => from === 'sub' && to === 'used');
  if (move) return amountOf(move.fromBalance) + amountOf(move.points);
  return books.had.get(sub.id) ?? 0n;
}

/** The period of a message without a hold: the open one, unless it was sent before that was opened. */
function periodOfMessage(books: BooksView, sentAt: number): string {
  if (sentAt >= books.openedAt) return books.period;
  const sent = periodOf(sentAt, books.zone);
  return sent < books.period ? sent : previous(books.period);
}

/** Points refunded: at most what was charged, once per refund. */
export function credited(books: BooksView, event: EventView): void {
  const { data } = event;
  const messageId = String(data.messageId);
  const refundId = String(data.refundId);
  check(!books.refunds.has(refundId), () => `refund ${refundId} is given a second time`);
  const charge = books.charges.get(messageId);
  if (!charge) throw new AuditFailure(`${event.id} refunds what was never charged`);
  const points = least(amountOf(data.requested), charge.points - charge.refunded);
  equal(amountOf(data.points), points, () => `points of ${event.id}`);
  charge.refunded += points;
  const sub = books.current(charge.subAccountId);
  const { period } = charge;
  if (period === books.period) sub.used -= points;
  const later = books.givenLater.get(sub.id) ?? 0n;
  comeBack(books, event, sub, { amount: points, period, from: 'used', fundedLater: later });
  if (books.isClosed(sub, period)) books.statement(sub, period).lateRefunded += points;
  equal(data.late, books.isClosed(sub, period), () => `late of ${event.id}`);
  books.refunds.set(refundId, { messageId, points });
}

/** The clock ends an open hold, not before its end, and in the open month. */
export function assertOver(books: BooksView, event: EventView, at: number): void {
  const messageId = String(event.data.messageId);
  equal(event.data.cause.id, messageId, () => `cause of ${event.id}`);
  equal(event.data.reason, 'expired', () => `reason of ${event.id}`);
  const hold = books.holds.get(messageId);
  check(hold?.state === 'open' && hold.expiresAt <= at, () => `${event.id} ends a hold that is not over`);
  check(at < books.nextStart, () => `${event.id} came before the month start of ${books.nextStart}`);
}

/** A hold is resolved at most once. A hold that was not placed is barred. */
export function released(books: BooksView, event: EventView, command: Record<string, unknown> | null): void {
  const { data } = event;
  const messageId = String(data.messageId);
  const hold = books.holds.get(messageId);
  const points = amountOf(data.points);
  if (hold?.state !== 'open') {
    // Its counters are shown for the current period, because the event names it.
    if (hold?.subAccountId && books.subs.has(hold.subAccountId)) books.current(hold.subAccountId);
    equal(points, 0n, () => `points of ${event.id}, which releases nothing`);
    const subAccountId = (command?.subAccountId as string | undefined) ?? null;
    if (!hold && !books.charges.has(messageId))
      books.holds.set(messageId, { subAccountId, period: books.period, state: 'barred', expiresAt: 0 });
    return;
  }
  const sub = books.current(hold.subAccountId as string);
  hold.state = 'released';
  equal(books.balance(`hold:${messageId}`), 0n, () => `what is left in the hold of ${messageId}`);
  if (hold.period === books.period) sub.held -= points;
  const later = books.givenLater.get(sub.id) ?? 0n;
  comeBack(books, event, sub, { amount: points, period: hold.period, from: 'hold', fundedLater: later });
  if (books.isClosed(sub, hold.period)) books.statement(sub, hold.period).lateReturned += points;
}
