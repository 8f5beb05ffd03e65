import type { Books } from '../books.js';
import type { Input } from '../input.js';
import type { Decision, DomainEvent, EventDetails, EventName } from '../outcome.js';
import type { Transfer } from '../state.js';
import { check, equal } from './check.js';

type Decided = Extract<Decision, { kind: 'decided' }>;
export const detailOf = <Name extends EventName>(event: DomainEvent, _: Name): EventDetails[Name] =>
  event.detail as EventDetails[Name];

/**
 * Transfers of all events, in their own order. An event of a roll has both the return and the grant of one
 * sub-account.
 */
const transfersOf = (decision: Decided): Transfer[] =>
  decision.events.flatMap(({ transfers }) => transfers).sort((a, b) => a.sequence - b.sequence);

/** Every pair of accounts that a transfer may connect. */
const DIRECTIONS = new Set(
  ['purchased>main', 'main>purchased', 'main>sub', 'sub>main', 'sub>hold', 'hold>sub', 'hold>main'].concat([
    'hold>used',
    'sub>used',
    'main>used',
    'used>sub',
    'used>main',
  ]),
);
const kindOf = (account: string) => account.split(':')[0] as string;

/**
 * Keeps naive books from transfers and events alone, and compares the ledger's books with them (design, section 3,
 * the five invariants). It shares no code with the rules.
 */
export class Auditor {
  readonly balances = new Map<string, bigint>();
  /** Points of messages minus refunds, by sub-account and period. */
  readonly used = new Map<string, bigint>();
  #sequence = 0;
  #transfers = 0;
  readonly #charged = new Map<string, { points: bigint; refunded: bigint }>();
  readonly #refunds = new Set<string>();
  readonly #resolved = new Set<string>();
  readonly #begun = new Set<string>();

  balance = (account: string): bigint => this.balances.get(account) ?? 0n;

  judge(books: Books, input: Input, decision: Decision): void {
    if (decision.kind === 'decided') {
      this.#followEvents(books, decision);
      for (const transfer of transfersOf(decision)) this.#followTransfer(books, transfer);
      for (const event of decision.events) this.#followFact(books, event, input);
    }
    if (books.main) this.#compare(books);
  }

  /** Invariant 4. Also checks that the rows to write equal the transfers of the events. */
  #followEvents(books: Books, decision: Decided): void {
    const isFailedAgain = books.main?.monthStartFailed === true && decision.changes.transfers.length === 0;
    check(decision.events.length > 0 || isFailedAgain, 'a decision without an event');
    const moves = transfersOf(decision);
    equal(decision.changes.transfers.length, moves.length, 'transfers to write against those in the events');
    for (const [index, transfer] of moves.entries())
      check(transfer === decision.changes.transfers[index], 'a transfer to write that no event tells of');
    const count = (wanted: EventName) => decision.events.filter(({ name }) => name === wanted).length;
    equal(decision.changes.refunds.length, count('message.credited'), 'refunds to write');
    for (const event of decision.events)
      if (books.main) equal(event.sequence, ++this.#sequence, `sequence of ${event.name}`);
      else equal(event.sequence, 0, 'sequence without books');
  }

  /** Invariants 2 and 3, move by move. */
  #followTransfer(books: Books, move: Transfer): void {
    equal(move.sequence, ++this.#transfers, 'transfer sequence');
    check(move.amount > 0n, 'a transfer of nothing');
    const direction = `${kindOf(move.from)}>${kindOf(move.to)}`;
    check(DIRECTIONS.has(direction), `points went ${direction}`);
    this.balances.set(move.from, this.balance(move.from) - move.amount);
    this.balances.set(move.to, this.balance(move.to) + move.amount);
    equal(move.fromBalance, this.balance(move.from), `fromBalance of ${move.from}`);
    equal(move.toBalance, this.balance(move.to), `toBalance of ${move.to}`);
    if (['sub', 'hold', 'used'].includes(kindOf(move.from)))
      check(move.fromBalance >= 0n, `${move.from} below 0`);
    const main = books.main;
    if (
      main &&
      move.from === 'main' &&
      move.to !== 'used' &&
      !(main.plan === 'postpay' && main.creditLimit === null)
    )
      check(
        move.fromBalance + (main.plan === 'postpay' ? (main.creditLimit as bigint) : 0n) >= 0n,
        `${move.kind} took what is available below 0`,
      );
    const key = `${move.subAccountId} ${move.period}`;
    if (move.to === 'used') this.used.set(key, (this.used.get(key) ?? 0n) + move.amount);
    if (move.from === 'used') this.used.set(key, (this.used.get(key) ?? 0n) - move.amount);
  }

  /** Invariant 5: effects that happen at most once, and never exceed the available points. */
  #followFact(books: Books, event: DomainEvent, input: Input): void {
    const sum = (test: (move: Transfer) => boolean) =>
      event.transfers.filter(test).reduce((total, { amount }) => total + amount, 0n);
    if (event.name === 'message.charged') {
      const fact = detailOf(event, 'message.charged');
      check(!this.#charged.has(fact.messageId), `${fact.messageId} charged twice`);
      this.#charged.set(fact.messageId, { points: fact.points, refunded: 0n });
      if (input.kind === 'message.sent') equal(fact.points, input.points, 'points charged');
      equal(fact.fromHold + fact.fromSub + fact.fromMain, fact.points, 'parts of a charge');
      for (const [account, part] of Object.entries({
        hold: fact.fromHold,
        sub: fact.fromSub,
        main: fact.fromMain,
      }))
        equal(
          sum((move) => move.to === 'used' && kindOf(move.from) === account),
          part,
          `paid by ${account}`,
        );
      const pays =
        books.subAccounts.get(event.subAccountId ?? '')?.lifecycle === 'active' &&
        fact.period === books.main?.period;
      if (!pays) equal(fact.fromSub, 0n, 'paid by a sub-account for a closed period or while inactive');
      if (pays && fact.fromMain > 0n)
        for (const move of event.transfers)
          if (kindOf(move.from) === 'sub') equal(move.fromBalance, 0n, 'left to a sub-account with overage');
      if (books.holds.has(fact.messageId) && books.holds.get(fact.messageId)?.state === 'settled')
        this.#resolve(fact.messageId);
    }
    if (event.name === 'hold.placed') {
      const fact = detailOf(event, 'hold.placed');
      check(!this.#resolved.has(fact.messageId), `hold ${fact.messageId} placed again`);
      equal(
        sum(({ to }) => to === `hold:${fact.messageId}`),
        fact.points,
        'points held',
      );
    }
    if (event.name === 'hold.released' && event.transfers.length > 0) {
      const fact = detailOf(event, 'hold.released');
      equal(
        sum(({ from }) => from === `hold:${fact.messageId}`),
        fact.points,
        'points released',
      );
      this.#resolve(fact.messageId);
    }
    if (event.name === 'message.credited') this.#followRefund(event, input);
    if (event.name === 'sub-account.rolled') {
      const sub = books.subAccounts.get(event.subAccountId ?? '');
      equal(sub?.boost, 0n, 'boost after a month start');
      equal(sub?.nextLimit, null, 'pending limit after a month start');
    }
    if (event.name === 'period.rolled') {
      const { from, to } = detailOf(event, 'period.rolled');
      if (input.kind === 'command' && input.name === 'period.roll')
        equal(to, input.data.period, 'requested period');
      check(!this.#begun.has(to) && !this.#begun.has(`after ${from}`), `${to} rolled twice`);
      this.#begun.add(to).add(`after ${from}`);
      const months = (text: string) => Number(text.slice(0, 4)) * 12 + Number(text.slice(5));
      equal(months(to), months(from) + 1, 'months rolled');
    }
  }

  #followRefund(event: DomainEvent, input: Input): void {
    const fact = detailOf(event, 'message.credited');
    check(!this.#refunds.has(fact.refundId), `refund ${fact.refundId} twice`);
    this.#refunds.add(fact.refundId);
    const charge = this.#charged.get(fact.messageId);
    if (!charge) throw new Error(`audit: refund of ${fact.messageId}, which was never charged`);
    const left = charge.points - charge.refunded;
    const requested = input.kind === 'message.refunded' ? input.points : fact.requested;
    equal(fact.points, requested < left ? requested : left, 'points refunded');
    charge.refunded += fact.points;
    const back = event.transfers.filter(({ from }) => from === 'used');
    equal(
      back.reduce((total, { amount }) => total + amount, 0n),
      fact.points,
      'points that left used',
    );
  }

  #resolve(messageId: string): void {
    check(!this.#resolved.has(messageId), `hold ${messageId} resolved twice`);
    this.#resolved.add(messageId);
  }

  /** Invariants 1, 2 and 3, on the stored rows. */
  #compare(books: Books): void {
    const main = books.main;
    if (!main) return;
    let subs = 0n;
    let holds = 0n;
    for (const sub of books.subAccounts.values()) {
      equal(sub.remaining, this.balance(`sub:${sub.id}`), `stored balance of ${sub.id}`);
      subs += sub.remaining;
    }
    for (const hold of books.holds.values()) {
      equal(hold.points, this.balance(`hold:${hold.messageId}`), `stored balance of hold ${hold.messageId}`);
      if (hold.state !== 'open') equal(hold.points, 0n, `resolved hold ${hold.messageId}`);
      holds += hold.points;
    }
    equal(main.balance, this.balance('main'), 'stored balance of main');
    equal(main.used, this.balance('used'), 'stored balance of used');
    equal(-main.purchased, this.balance('purchased'), 'stored balance of purchased');
    equal(main.granted, subs, 'stored sum of sub-accounts');
    equal(main.held, holds, 'stored sum of holds');
    equal(main.balance + main.used + subs + holds - main.purchased, 0n, 'sum of all balances');
    equal(main.sequence, this.#sequence, 'stored sequence');
    equal(main.transferSequence, this.#transfers, 'stored transfer sequence');
  }
}
