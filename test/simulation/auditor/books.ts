import { next } from '../world/calendar.js';
import { amountOf, check, equal, most } from './check.js';
import type { EventView, TransferView } from './evidence.js';

/** The auditor's own naive books of a main account, from transfers and facts only. */
export interface SubView {
  readonly id: string;
  readonly ordinal: number;
  lifecycle: 'active' | 'inactive' | 'deleted';
  paused: boolean;
  priority: number;
  limit: bigint;
  nextLimit: bigint | null;
  period: string;
  boost: bigint;
  used: bigint;
  overage: bigint;
  held: bigint;
  opening: bigint;
  deletedAt: number | null;
}

export interface HoldView {
  readonly subAccountId: string | null;
  readonly period: string;
  state: 'open' | 'settled' | 'released' | 'barred';
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface ChargeView {
  readonly subAccountId: string;
  readonly period: string;
  readonly points: bigint;
  refunded: bigint;
  readonly sequence: number;
}

export interface Figures {
  opening: bigint;
  limit: bigint;
  boost: bigint;
  granted: bigint;
  used: bigint;
  overage: bigint;
  held: bigint;
  returned: bigint;
  lateUsed: bigint;
  lateRefunded: bigint;
  lateReturned: bigint;
}

/** Every allowed pair of accounts. */
const WAYS = new Set([
  ...['purchased>main', 'main>purchased', 'main>sub', 'sub>main', 'sub>hold', 'hold>sub', 'hold>main'],
  ...['hold>used', 'sub>used', 'main>used', 'used>sub', 'used>main'],
]);
/** Kinds of transfers that may take `available` below zero: facts. */
const FACTS = new Set(['message-overage']);

export class BooksView {
  plan = '';
  zone = '';
  nextZone: string | null = null;
  credit: bigint | null = 0n;
  policy = '';
  feature = false;
  /** Suspended by an operator. */
  suspended = false;
  suspendBelow: bigint | null = null;
  /** Suspended for low balance, as events reported it. */
  stoppedForBalance = false;
  /** Booked references of purchases and reasons of adjustments, normalized like the ledger does. */
  readonly booked = new Set<string>();
  period = '';
  openedAt = 0;
  nextStart = 0;
  /** Sequence of the event that opened each sub-account. */
  readonly openedBy = new Map<string, number>();
  readonly subs = new Map<string, SubView>();
  readonly holds = new Map<string, HoldView>();
  readonly charges = new Map<string, ChargeView>();
  readonly refunds = new Map<string, { readonly messageId: string; readonly points: bigint }>();
  readonly statements = new Map<string, Figures>();
  readonly transfers: TransferView[] = [];
  /** Points of sub-accounts before the current decision, and points that its funding pass gave them. */
  readonly had = new Map<string, bigint>();
  readonly givenLater = new Map<string, bigint>();
  readonly #balances = new Map<string, bigint>();

  constructor(readonly id: string) {}

  balance(account: string): bigint {
    return this.#balances.get(account) ?? 0n;
  }

  remaining(sub: SubView): bigint {
    return this.balance(`sub:${sub.id}`);
  }

  /** Before a decision is followed. */
  noteBefore(events: readonly EventView[]): void {
    this.had.clear();
    this.givenLater.clear();
    for (const { name, data } of events) {
      const id = data.subAccount?.subAccountId ?? '';
      this.had.set(id, this.balance(`sub:${id}`));
      if (name === 'sub-account.funded')
        this.givenLater.set(id, (this.givenLater.get(id) ?? 0n) + amountOf(data.points));
    }
  }

  /** Null means unlimited. */
  get available(): bigint | null {
    if (this.plan === 'prepay') return this.balance('main');
    return this.credit === null ? null : this.balance('main') + this.credit;
  }

  get isLow(): boolean {
    const { available: left, suspendBelow } = this;
    return suspendBelow !== null && left !== null && left < suspendBelow;
  }

  sumOf(kind: 'sub' | 'hold'): bigint {
    let sum = 0n;
    for (const [account, balance] of this.#balances) if (account.startsWith(`${kind}:`)) sum += balance;
    return sum;
  }

  target(sub: SubView): bigint {
    return most(0n, sub.limit + sub.boost - sub.used - sub.held);
  }

  shortfall(sub: SubView): bigint {
    return sub.lifecycle === 'active' ? most(0n, this.target(sub) - this.remaining(sub)) : 0n;
  }

  granted(sub: SubView): bigint {
    return this.remaining(sub) + sub.used - sub.overage + sub.held;
  }

  status(sub: SubView): string {
    if (sub.lifecycle !== 'active') return sub.lifecycle;
    if (this.suspended || this.isLow) return 'suspended';
    if (sub.paused) return 'paused';
    return this.remaining(sub) === 0n && this.shortfall(sub) > 0n ? 'unfunded' : 'active';
  }

  /** Sub-accounts in funding order. */
  inFundingOrder(): SubView[] {
    return [...this.subs.values()]
      .filter((sub) => sub.lifecycle === 'active')
      .sort((a, b) => a.priority - b.priority || a.ordinal - b.ordinal);
  }

  /** A sub-account with its counters of this period; of an older one they read as zero. */
  current(id: string): SubView {
    const sub = this.subs.get(id);
    check(sub !== undefined, () => `${this.id} has no ${id}`);
    const own = sub as SubView;
    if (own.period !== this.period)
      Object.assign(own, { period: this.period, boost: 0n, used: 0n, overage: 0n, held: 0n, opening: 0n });
    return own;
  }

  /** The month ends and the next one begins. */
  startNextMonth(): void {
    this.period = next(this.period);
    this.zone = this.nextZone ?? this.zone;
    this.nextZone = null;
  }

  isClosed(sub: SubView, period: string): boolean {
    return period !== this.period || sub.lifecycle === 'deleted';
  }

  statement(sub: SubView, period: string): Figures {
    const key = `${sub.id} ${period}`;
    const none = {
      opening: 0n,
      limit: 0n,
      boost: 0n,
      granted: 0n,
      used: 0n,
      overage: 0n,
      held: 0n,
      returned: 0n,
    };
    const figures = this.statements.get(key) ?? { ...none, lateUsed: 0n, lateRefunded: 0n, lateReturned: 0n };
    this.statements.set(key, figures);
    return figures;
  }

  /** Figures that close now. */
  closing(sub: SubView): Omit<Figures, 'lateUsed' | 'lateRefunded' | 'lateReturned'> {
    const { opening, limit, boost, used, overage, held } = sub;
    return {
      opening,
      limit,
      boost,
      granted: this.granted(sub),
      used,
      overage,
      held,
      returned: this.remaining(sub),
    };
  }

  /** Posts a transfer; invariants 2 and 3. */
  post(move: TransferView): void {
    const where = () => `transfer ${move.sequence} of ${this.id}`;
    equal(move.sequence, this.transfers.length + 1, () => `sequence of ${where()}`);
    const amount = amountOf(move.points);
    check(amount > 0n, () => `${where()} moves ${move.points}`);
    check(WAYS.has(`${move.from}>${move.to}`), () => `${where()} goes from ${move.from} to ${move.to}`);
    const from = accountOf(move.from, move);
    const to = accountOf(move.to, move);
    this.#balances.set(from, this.balance(from) - amount);
    this.#balances.set(to, this.balance(to) + amount);
    equal(amountOf(move.fromBalance), this.balance(from), () => `balance of ${from} after ${where()}`);
    equal(amountOf(move.toBalance), this.balance(to), () => `balance of ${to} after ${where()}`);
    for (const account of [from, to])
      if (/^(sub|hold|used)/.test(account))
        check(this.balance(account) >= 0n, () => `${account} below 0 after ${where()}`);
    this.transfers.push(move);
  }

  /** Commands and funding leave `available` at 0 or above. */
  assertAffordable(moves: readonly TransferView[]): void {
    for (const move of moves) {
      if (move.from !== 'main' || FACTS.has(move.kind)) continue;
      const extra = this.plan === 'prepay' ? 0n : this.credit;
      if (extra !== null)
        check(
          amountOf(move.fromBalance) + extra >= 0n,
          () => `transfer ${move.sequence} of ${this.id} took what is available below 0`,
        );
    }
  }

  /** Invariant 1. */
  assertBalanced(): void {
    let sum = 0n;
    for (const balance of this.#balances.values()) sum += balance;
    equal(sum, 0n, () => `sum of all balances of ${this.id}`);
  }

  /** Checks that after every decision no sub-account lacks points that `available` covers. */
  assertFunded(): void {
    const left = this.available;
    for (const sub of this.inFundingOrder()) {
      const lack = this.shortfall(sub);
      if (lack === 0n) continue;
      const isRight = left !== null && (left <= 0n || (this.policy === 'full' && lack > left));
      check(isRight, () => `${sub.id} lacks ${lack}, and ${left} is available`);
    }
  }
}

function accountOf(kind: string, move: TransferView): string {
  if (kind === 'sub') return `sub:${move.subAccountId}`;
  return kind === 'hold' ? `hold:${move.messageId}` : kind;
}
