import { monthStart, next, periodOf } from '../world/calendar.js';
import type { BooksView } from './books.js';
import { AuditFailure, amountOf, amountOrNull, check, equal, sameFields } from './check.js';
import { assertClosing } from './closing.js';
import type { EventView } from './evidence.js';
import { assertOver, charged, credited, released } from './facts.js';
import { rolled } from './month.js';

/** Data of the command or fact that made an event, as its sender wrote it. */
export type CommandData = Record<string, unknown>;

interface Context {
  readonly books: BooksView;
  readonly event: EventView;
  /** Null for the clock. */
  readonly command: CommandData | null;
  readonly at: number;
}

type Follow = (context: Context) => void;

const subOf = ({ books, event }: Context) => books.current(event.data.subAccount?.subAccountId as string);

/** The change of the books by each event, beside its transfers. */
const FOLLOW: Record<string, Follow> = {
  'main-account.opened': ({ books, command, at }) => {
    books.plan = String(command?.plan);
    books.zone = String(command?.timeZone);
    books.credit = amountOrNull(command?.creditLimit);
    books.policy = String(command?.fundingPolicy);
    books.period = periodOf(at, books.zone);
    books.openedAt = monthStart(books.period, books.zone);
    books.nextStart = monthStart(next(books.period), books.zone);
  },
  'main-account.configured': ({ books, command }) => {
    if (command?.creditLimit !== undefined) books.credit = amountOrNull(command.creditLimit);
    if (command?.fundingPolicy !== undefined) books.policy = String(command.fundingPolicy);
    if (command?.suspendBelow !== undefined) books.suspendBelow = amountOrNull(command.suspendBelow);
    if (command?.timeZone !== undefined)
      books.nextZone = command.timeZone === books.zone ? null : String(command.timeZone);
  },
  'main-account.suspended': ({ books }) => {
    books.suspended = true;
  },
  'main-account.resumed': ({ books }) => {
    books.suspended = false;
  },
  'feature.activated': ({ books }) => {
    books.feature = true;
  },
  'feature.deactivated': ({ books }) => {
    check(books.inFundingOrder().length === 0, () => `${books.id} has active sub-accounts`);
    books.feature = false;
  },
  'points.purchased': movesWhatWasAsked,
  'points.adjusted': movesWhatWasAsked,
  'plan.switched': ({ books, command }) => {
    const isOther = books.plan !== command?.plan;
    check(
      !isOther || books.inFundingOrder().length === 0,
      () => `${books.id} switched with active sub-accounts`,
    );
    books.plan = String(command?.plan);
  },
  'sub-account.opened': ({ books, event, command }) => {
    const id = event.data.subAccount?.subAccountId as string;
    check(!books.subs.has(id) && books.feature, () => `${id} must not be opened`);
    const limit = amountOf(command?.limit);
    books.openedBy.set(id, event.data.sequence);
    books.subs.set(id, {
      id,
      ordinal: books.subs.size,
      lifecycle: 'active',
      paused: false,
      priority: Number(command?.priority ?? 100),
      limit,
      nextLimit: null,
      period: books.period,
      boost: 0n,
      used: 0n,
      overage: 0n,
      held: 0n,
      opening: limit,
      deletedAt: null,
    });
    equal(books.balance(`sub:${id}`), limit, () => `points of the new ${id}`);
  },
  'sub-account.configured': (context) => {
    subOf(context).priority = Number(context.command?.priority);
  },
  'limit.changed': (context) => {
    const sub = subOf(context);
    const limit = amountOf(context.command?.limit);
    if (context.command?.effective === 'next-period') sub.nextLimit = limit;
    else Object.assign(sub, { limit, nextLimit: null });
  },
  'limit.boosted': (context) => {
    subOf(context).boost += amountOf(context.command?.points);
  },
  'sub-account.paused': (context) => {
    subOf(context).paused = true;
  },
  'sub-account.resumed': (context) => {
    subOf(context).paused = false;
  },
  'sub-account.deactivated': (context) => {
    subOf(context).lifecycle = 'inactive';
  },
  'sub-account.reactivated': (context) => {
    subOf(context).lifecycle = 'active';
  },
  'sub-account.deleted': (context) => {
    Object.assign(subOf(context), { lifecycle: 'deleted', nextLimit: null, deletedAt: context.at });
  },
  'sub-account.funded': (context) => {
    const given = context.event.data.transfers.reduce((sum, { points }) => sum + amountOf(points), 0n);
    equal(given, amountOf(context.event.data.points), () => `points of ${context.event.id}`);
  },
  'hold.placed': (context) => {
    const { books, event, command, at } = context;
    const messageId = String(event.data.messageId);
    const sub = subOf(context);
    check(!books.holds.has(messageId), () => `${messageId} is held a second time`);
    check(!books.charges.has(messageId), () => `${messageId} is held after it was charged`);
    const points = amountOf(command?.points);
    equal(books.balance(`hold:${messageId}`), points, () => `points of hold ${messageId}`);
    const expiresAt = at + Number(command?.expiresInSeconds) * 1_000;
    equal(Date.parse(String(event.data.expiresAt)), expiresAt, () => `expiry of ${messageId}`);
    sub.held += points;
    books.holds.set(messageId, { subAccountId: sub.id, period: books.period, state: 'open', expiresAt });
  },
  'hold.released': ({ books, event, command, at }) => {
    if (event.data.cause.kind === 'clock') assertOver(books, event, at);
    released(books, event, command);
  },
  'message.charged': ({ books, event, command }) => charged(books, event, command),
  'limit.exceeded': ({ books, event }) => {
    check(amountOf(event.data.overage) > 0n, () => `${event.id} without overage`);
    check(books.charges.has(String(event.data.messageId)), () => `${event.id} without a charge`);
  },
  'message.credited': ({ books, event }) => credited(books, event),
  'period.already-rolled': ({ books, event }) =>
    check(String(event.data.period) <= books.period, () => `${event.id}: the period was not rolled`),
  'snapshot.requested': ({ event }) =>
    equal(event.data.transfers.length, 0, () => `transfers of the answer ${event.id}`),
  'command.rejected': ({ event }) =>
    equal(event.data.transfers.length, 0, () => `transfers of the refusal ${event.id}`),
};

function movesWhatWasAsked({ books, event, command }: Context): void {
  const reference = referenceOf(command ?? {});
  const isFree = reference === null || !books.booked.has(reference);
  check(isFree || command?.allowDuplicateReference === true, () => `${event.id} books ${reference} again`);
  if (reference !== null) books.booked.add(reference);

  const points = amountOf(command?.points);
  const moved = event.data.transfers.map(({ to, points: text }) => (to === 'main' ? '' : '-') + text).join();
  equal(amountOf(moved), points, () => `points of ${event.id}`);
}

/** The reference of a purchase or the reason of an adjustment, or null. */
export function referenceOf({ reference, reason }: CommandData): string | null {
  const text = String(reason ?? reference ?? '').trim();
  return text === '' ? null : `${reason === undefined} ${text.normalize('NFKC').toUpperCase()}`;
}

/** Follows one decision: its events, which have the same cause. */
export function follow(
  books: BooksView,
  events: readonly EventView[],
  command: CommandData | null,
  rules: { readonly allowEarlyRoll: boolean },
): void {
  const at = Date.parse(events[0]?.data.at as string);
  const moves = events.flatMap(({ data }) => data.transfers).sort((a, b) => a.sequence - b.sequence);
  if (events.some(({ name }) => name === 'period.rolled')) rolled(books, events, moves, at, rules);
  else {
    books.noteBefore(events);
    for (const event of events) closeDeleted(books, event);
    for (const move of moves) books.post(move);
    for (const event of events) FOLLOW[event.name]?.({ books, event, command, at });
  }
  for (const event of events) followSending(books, event);
  equal(books.stoppedForBalance, books.isLow, () => `sending stopped after ${events[0]?.id}`);
  books.assertAffordable(moves);
  books.assertBalanced();
  books.assertFunded();
  for (const event of events) assertStates(books, event);
}

/** Follows automatic suspensions in their order. */
function followSending(books: BooksView, { id, name, data }: EventView): void {
  if (name !== 'main-account.sending-stopped' && name !== 'main-account.sending-resumed') return;
  const stops = name === 'main-account.sending-stopped';
  equal(data.reason, 'low-balance', () => `reason of ${id}`);
  check(books.stoppedForBalance !== stops, () => `${id} changes nothing`);
  books.stoppedForBalance = stops;
}

/** A deletion closes the statement of the current period before any transfer. */
function closeDeleted(books: BooksView, event: EventView): void {
  if (event.name !== 'sub-account.deleted') return;
  const sub = books.current(event.data.subAccount?.subAccountId as string);
  const closing = books.closing(sub);
  assertClosing(event, sub.period, closing);
  Object.assign(books.statement(sub, sub.period), closing);
}

/** The states in an event are those after its decision. */
export function assertStates(books: BooksView, event: EventView): void {
  const { mainAccount: main, subAccount } = event.data;
  const where = () => `main account in ${event.id} (${event.name})`;
  const amounts = {
    balance: books.balance('main'),
    available: books.available,
    allocated: books.sumOf('sub') + books.sumOf('hold'),
    held: books.sumOf('hold'),
    purchased: -books.balance('purchased'),
    used: books.balance('used'),
    creditLimit: books.credit,
    suspendBelow: books.suspendBelow,
  };
  sameFields(amountsOf(main as object, Object.keys(amounts)), amounts, where);
  const plain = {
    plan: books.plan,
    timeZone: books.zone,
    fundingPolicy: books.policy,
    feature: books.feature ? 'active' : 'inactive',
    suspended: books.suspended || books.isLow,
    nextTimeZone: books.nextZone,
    period: books.period,
    nextMonthStart: new Date(books.nextStart).toISOString(),
    activeSubAccounts: books.inFundingOrder().length,
  };
  sameFields(main as object, plain, where);
  if (subAccount) assertSub(books, event, subAccount);
}

export function assertSub(books: BooksView, event: EventView, state: Record<string, unknown>): void {
  const sub = books.subs.get(String(state.subAccountId));
  if (!sub) throw new AuditFailure(`${event.id} names an unknown sub-account`);
  const where = () => `${sub.id} in ${event.id} (${event.name})`;
  const { limit, nextLimit, boost, used, overage, held, lifecycle, paused, period, priority } = sub;
  const counters = { limit, nextLimit, boost, used, overage, held };
  const derived = {
    granted: books.granted(sub),
    remaining: books.remaining(sub),
    shortfall: books.shortfall(sub),
  };
  const amounts = { ...counters, ...derived };
  sameFields(amountsOf(state, Object.keys(amounts)), amounts, where);
  sameFields(state, { lifecycle, paused, period, priority, status: books.status(sub) }, where);
}

const amountsOf = (state: object, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, amountOrNull((state as Record<string, unknown>)[name])]));
