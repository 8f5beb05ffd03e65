import { monthStart, next } from '../world/calendar.js';
import type { BooksView, SubView } from './books.js';
import { AuditFailure, amountOf, check, equal } from './check.js';
import { assertClosing } from './closing.js';
import type { EventView, TransferView } from './evidence.js';

/**
 * Follows a month start: all points return, statements close, pending limits take effect, then the funding pass
 * covers all.
 */
export function rolled(
  books: BooksView,
  events: readonly EventView[],
  moves: readonly TransferView[],
  at: number,
  rules: { readonly allowEarlyRoll: boolean },
): void {
  const summary = events.find(({ name }) => name === 'period.rolled') as EventView;
  const where = () => `${summary.id}`;
  const from = books.period;
  equal(summary.data.from, from, () => `month that ends in ${where()}`);
  equal(summary.data.to, next(from), () => `month that begins in ${where()}`);
  const isDue = at >= books.nextStart;
  const byClock = summary.data.cause.kind === 'clock';
  check(isDue || (!byClock && rules.allowEarlyRoll), () => `${where()} is before ${books.nextStart}`);
  const open = [...books.subs.values()].filter(({ lifecycle }) => lifecycle !== 'deleted');
  const returned = close(books, events, open);
  const back = moves.filter(({ kind }) => kind === 'month-return');
  for (const move of back) books.post(move);
  for (const sub of open) equal(books.remaining(sub), 0n, () => `what ${sub.id} keeps over ${where()}`);
  const due = books.nextStart;
  books.startNextMonth();
  books.openedAt = at < due ? at : due;
  books.nextStart = monthStart(next(books.period), books.zone);
  for (const sub of open) begin(books, sub);
  const granted = assertPass(books, moves.slice(back.length));
  for (const move of moves.slice(back.length)) books.post(move);
  for (const sub of open) sub.opening = books.remaining(sub);
  equal(amountOf(summary.data.returned), returned, () => `returned in ${where()}`);
  equal(amountOf(summary.data.granted), granted, () => `granted in ${where()}`);
  const active = books.inFundingOrder();
  const funded = active.filter((sub) => books.shortfall(sub) === 0n).length;
  const unfunded = active.filter((sub) => books.shortfall(sub) > 0n && books.remaining(sub) === 0n).length;
  equal(summary.data.funded, funded, () => `funded in ${where()}`);
  equal(summary.data.unfunded, unfunded, () => `unfunded in ${where()}`);
}

function close(books: BooksView, events: readonly EventView[], open: readonly SubView[]): bigint {
  const closings = new Map<string, EventView>();
  for (const event of events)
    if (event.name === 'sub-account.rolled')
      closings.set(event.data.subAccount?.subAccountId as string, event);
  equal(closings.size, open.length, () => `sub-accounts that ${events[0]?.id} closes`);
  let returned = 0n;
  for (const sub of open) {
    const event = closings.get(sub.id);
    if (!event) throw new AuditFailure(`${sub.id} is not closed by ${events[0]?.id}`);
    const figures = books.closing(sub);
    assertClosing(event, sub.period, figures);
    Object.assign(books.statement(sub, sub.period), figures);
    returned += figures.returned;
  }
  return returned;
}

function begin(books: BooksView, sub: SubView): void {
  sub.limit = sub.nextLimit ?? sub.limit;
  Object.assign(sub, { nextLimit: null, period: books.period, boost: 0n, used: 0n, overage: 0n, held: 0n });
}

/**
 * Checks the transfers against a naive funding pass.
 * @returns the sum
 */
function assertPass(books: BooksView, moves: readonly TransferView[]): bigint {
  let left = books.available;
  let sum = 0n;
  const given = new Map<string, bigint>();
  for (const move of moves) given.set(move.subAccountId ?? '', amountOf(move.points));
  for (const sub of books.inFundingOrder()) {
    const lack = books.shortfall(sub);
    const fits = left === null || lack <= left;
    const gets = fits ? lack : books.policy === 'partial' && left !== null && left > 0n ? left : 0n;
    const isBroke = left !== null && left <= 0n;
    const wanted = isBroke ? 0n : gets;
    equal(given.get(sub.id) ?? 0n, wanted, () => `what ${sub.id} gets at the start of ${books.period}`);
    given.delete(sub.id);
    sum += wanted;
    if (left !== null) left -= wanted;
  }
  equal(given.size, 0, () => `others that get points at the start of ${books.period}`);
  return sum;
}
