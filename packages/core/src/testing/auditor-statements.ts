import type { Books } from '../books.js';
import type { Input } from '../input.js';
import type { Decision, DomainEvent } from '../outcome.js';
import type { PeriodClosing, Transfer } from '../state.js';
import { detailOf } from './auditor.js';
import { check, equal, textOf } from './check.js';
import { NaiveLate, NaiveMonth } from './naive-month.js';

type Decided = Extract<Decision, { kind: 'decided' }>;
type Test = (move: Transfer) => boolean;
const sum = (event: DomainEvent, test: Test) =>
  event.transfers.filter(test).reduce((total, { amount }) => total + amount, 0n);
const returns: Test = ({ from, to }) => from.startsWith('sub:') && to === 'main';
const grants: Test = ({ from, to }) => from === 'main' && to.startsWith('sub:');
const held: Test = ({ from }) => from.startsWith('hold:');

/** A map that creates a missing row on access. */
class Rows<Row> extends Map<string, Row> {
  constructor(private readonly make: () => Row) {
    super();
  }
  of(key: string): Row {
    const row = this.get(key) ?? this.make();
    this.set(key, row);
    return row;
  }
}

/**
 * Compares statements and late entries with naive months, which it keeps from transfers, events and commands. Each
 * (sub-account, period) closes once, with the figures of the naive month, and never changes. Together with its late
 * entries it always gives the cost of its messages.
 */
export class StatementAuditor {
  readonly #months = new Rows(() => new NaiveMonth());
  readonly #late = new Rows(() => new NaiveLate());
  readonly #closed = new Map<string, { closing: PeriodClosing; text: string }>();
  readonly #limits = new Map<string, bigint>();
  readonly #pending = new Map<string, bigint>();
  /** Existing sub-accounts, and when the others were deleted. */
  readonly #living = new Set<string>();
  readonly #deletedAt = new Map<string, number>();
  /** Period in which a hold was placed. */
  readonly #placed = new Map<string, string>();
  #period = '';

  judge(books: Books, input: Input, decision: Decided): void {
    if (this.#period === '') this.#period = books.main?.period ?? '';
    this.#followTransfers(decision);
    for (const event of decision.events) this.#followLimits(event, input);
    this.#followClosings(decision, input);
    this.#followLate(decision);
    this.#compare(books, decision);
  }

  #followTransfers({ events }: Decided): void {
    for (const { transfers } of events)
      for (const move of transfers)
        if (move.subAccountId !== null) this.#months.of(`${move.subAccountId} ${move.period}`).follow(move);
  }

  /** Follows limits that commands requested and got. */
  #followLimits(event: DomainEvent, input: Input): void {
    const id = event.subAccountId ?? '';
    const month = `${id} ${this.#period}`;
    if (event.name === 'hold.placed')
      this.#placed.set(detailOf(event, 'hold.placed').messageId, this.#period);
    if (input.kind !== 'command') return;
    if (event.name === 'sub-account.opened' && input.name === 'sub-account.open') {
      this.#living.add(id);
      this.#limits.set(id, input.data.limit);
      this.#months.of(month).opening = sum(event, grants);
    }
    if (event.name === 'limit.changed' && input.name === 'limit.change') {
      this.#pending.delete(id);
      (input.data.effective === 'immediately' ? this.#limits : this.#pending).set(id, input.data.limit);
    }
    if (event.name === 'limit.boosted' && input.name === 'limit.boost')
      this.#months.of(month).boost += input.data.points;
  }

  #followClosings({ events, changes }: Decided, input: Input): void {
    const closings = events.filter(
      ({ name }) => name === 'sub-account.rolled' || name === 'sub-account.deleted',
    );
    equal(changes.statements.length, closings.length, 'statements against events that close');
    for (const [index, event] of closings.entries()) {
      const id = event.subAccountId ?? '';
      const { closed } = event.detail as { closed: PeriodClosing };
      const statement = changes.statements[index];
      equal(statement?.subAccountId, id, 'sub-account of a statement');
      equal(textOf(statement?.closing), textOf(closed), `statement of ${id} against its event`);
      this.#close(id, event, closed);
      if (event.name === 'sub-account.deleted') {
        check(this.#living.delete(id), `${id} deleted, which did not live`);
        this.#deletedAt.set(id, input.at);
      }
    }
    const rolled = events.find(({ name }) => name === 'period.rolled');
    if (rolled) this.#openMonth(detailOf(rolled, 'period.rolled').to, events);
  }

  #close(id: string, event: DomainEvent, closing: PeriodClosing): void {
    const key = `${id} ${this.#period}`;
    equal(closing.period, this.#period, `period that closes of ${id}`);
    check(!this.#closed.has(key), `${key} closed twice`);
    const month = this.#months.of(key);
    const returned = sum(event, (move) => returns(move) && move.period === this.#period);
    equal(closing.opening, month.opening, `opening of ${key}`);
    equal(closing.limit, this.#limits.get(id), `limit of ${key}`);
    equal(closing.boost, month.boost, `boost of ${key}`);
    equal(closing.used, month.used, `used of ${key}`);
    equal(closing.overage, month.overage, `overage of ${key}`);
    equal(closing.held, month.held, `held of ${key}`);
    equal(closing.returned, returned, `returned of ${key}`);
    equal(closing.granted, month.given + returned, `granted of ${key}`);
    const { granted, used, overage } = closing;
    equal(granted - (used - overage) - closing.held, closing.returned, `equation of ${key}`);
    this.#closed.set(key, { closing, text: textOf(closing) });
  }

  /** Opens the next month: with the points that each sub-account got, and its pending limit. */
  #openMonth(to: string, events: readonly DomainEvent[]): void {
    for (const id of this.#living)
      check(this.#closed.has(`${id} ${this.#period}`), `${id} ${this.#period} left open`);
    this.#period = to;
    for (const [id, limit] of this.#pending) this.#limits.set(id, limit);
    this.#pending.clear();
    for (const event of events)
      if (event.name === 'sub-account.rolled')
        this.#months.of(`${event.subAccountId} ${to}`).opening = sum(event, grants);
  }

  /**
   * Checks facts of an ended month, or of a deleted sub-account: each must be marked as late and noted as a late
   * entry.
   */
  #followLate({ events, changes }: Decided): void {
    const expected = new Rows(() => new NaiveLate());
    for (const event of events) {
      const id = event.subAccountId ?? '';
      const { period, late } = event.detail as { period?: string; late?: boolean };
      const over = this.#deletedAt.has(id) || period !== this.#period;
      const entry = expected.of(`${id} ${period}`);
      if (event.name === 'message.charged') {
        equal(late, over, 'late flag of a charge');
        const { points, fromHold } = detailOf(event, 'message.charged');
        const returned = sum(event, held) - fromHold;
        if (over) entry.add({ used: points, settled: fromHold, returned });
      }
      if (event.name === 'message.credited') {
        equal(late, over, 'late flag of a refund');
        if (over) entry.add({ refunded: detailOf(event, 'message.credited').points });
      }
      if (event.name === 'hold.released') {
        const { messageId } = detailOf(event, 'hold.released');
        const returned = sum(event, held);
        equal(period, this.#placed.get(messageId) ?? null, `period of hold ${messageId}`);
        equal(late, over && returned > 0n, 'late flag of a release');
        if (over) entry.add({ returned });
      }
    }
    const actual = new Rows(() => new NaiveLate());
    for (const { subAccountId, period, ...entry } of changes.lateEntries) {
      const key = `${subAccountId} ${period}`;
      check(
        Object.values(entry).every((amount) => amount >= 0n),
        `a late entry below 0 of ${key}`,
      );
      actual.of(key).add(entry);
    }
    for (const key of new Set([...expected.keys(), ...actual.keys()])) {
      actual.of(key).agree(expected.of(key), key);
      this.#late.of(key).add(expected.of(key));
    }
  }

  /**
   * Checks that a statement and its late entries agree with the transfers, and that rows have their opening and
   * deletion.
   */
  #compare(books: Books, { changes }: Decided): void {
    for (const key of new Set([...this.#closed.keys(), ...this.#late.keys()])) {
      const statement = this.#closed.get(key);
      const month = this.#months.get(key);
      const late = this.#late.get(key);
      if (!statement && !(late && late.used > 0n)) continue;
      const used = (statement?.closing.used ?? 0n) + (late?.used ?? 0n) - (late?.refunded ?? 0n);
      equal(used, month?.used ?? 0n, `statement and late entries of ${key}`);
      const inHolds = (statement?.closing.held ?? 0n) - (late?.settled ?? 0n) - (late?.returned ?? 0n);
      equal(inHolds, month?.held ?? 0n, `still held of ${key}`);
      if (changes.statements.length > 0 && statement)
        equal(textOf(statement.closing), statement.text, `closed statement of ${key}`);
    }
    for (const sub of books.subAccounts.values()) {
      equal(sub.deletedAt, this.#deletedAt.get(sub.id) ?? null, `deletion of ${sub.id}`);
      const opening = this.#months.get(`${sub.id} ${this.#period}`)?.opening ?? 0n;
      if (sub.period === this.#period) equal(sub.opening, opening, `opening of ${sub.id}`);
    }
  }
}
