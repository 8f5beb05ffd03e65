import type { Books } from '../books.js';
import { available, closingOf } from '../derive.js';
import { byFundingOrder, share } from '../funding.js';
import { type Changes, type DomainEvent, onlyMain } from '../outcome.js';
import { type EpochMs, nextPeriod, periodStart } from '../period.js';
import { add, type Points, subtract, ZERO } from '../points.js';
import type { MainAccount, PeriodStatement, SubAccount, Transfer } from '../state.js';
import { type SuspensionChange, suspensionChanges } from '../status.js';

/**
 * Events and changes of some sub-accounts of a month start, in the form of any decision. The last part has the
 * summary.
 */
export interface MonthStartPart {
  readonly events: readonly DomainEvent[];
  readonly changes: Changes;
}

/** A position in the transfers of one kind: the sequence and main's balance after the last transfer. */
interface Cursor {
  sequence: number;
  balance: Points;
}

/** Moves the main account to its next period. A pending time zone takes effect here. */
function startNextPeriod(main: MainAccount, at: EpochMs): void {
  const due = main.nextMonthStart;
  main.period = nextPeriod(main.period);
  main.timeZone = main.nextTimeZone ?? main.timeZone;
  main.nextTimeZone = null;
  main.periodOpenedAt = Math.min(at, due);
  main.monthStartFailed = false;
  main.nextMonthStart = periodStart(nextPeriod(main.period), main.timeZone);
}

/** A sub-account at the beginning of the new period, before it is funded. */
const opened = (stored: SubAccount, period: string): SubAccount => ({
  ...stored,
  limit: stored.nextLimit ?? stored.limit,
  nextLimit: null,
  period,
  boost: ZERO,
  used: ZERO,
  overage: ZERO,
  held: ZERO,
  remaining: ZERO,
  opening: ZERO,
});

/**
 * One month start: every unused point returns to main, then a funding pass covers all sub-accounts in funding order
 * (design, section 3; docs/decisions/0008). The sums are computed first, so that every event has the resulting state
 * of `main` and the parts can be made one after the other. A main account with 100,000 sub-accounts therefore needs
 * no memory for all its events and transfers at once. Transfers are numbered in order: all returns, then all grants.
 * @throws RangeError if the month start cannot be computed: a bug of a rule, or an invalid time zone
 */
export class MonthStart {
  /** The main account after the month start. */
  readonly main: MainAccount;
  /** Number of events of all parts. */
  readonly events: number;
  readonly #subs: readonly SubAccount[];
  #returned = ZERO;
  #returns = 0;
  #granted = ZERO;
  #grants = 0;
  #funded = 0;
  #unfunded = 0;
  /** Suspensions that begin or end with it: by low balance, or because an earlier month start had failed. */
  readonly #suspensions: readonly SuspensionChange[];

  constructor(
    books: Books,
    private readonly before: MainAccount,
    at: EpochMs,
  ) {
    this.main = { ...before };
    this.#subs = [...books.subAccounts.values()]
      .filter((stored) => stored.lifecycle !== 'deleted')
      .sort(byFundingOrder);
    startNextPeriod(this.main, at);
    this.#sumUp();
    this.main.balance = subtract(add(before.balance, this.#returned), this.#granted);
    this.main.granted = add(subtract(before.granted, this.#returned), this.#granted);
    this.#suspensions = suspensionChanges(before, this.main);
    this.events = this.#subs.length + 1 + this.#suspensions.length;
    this.main.sequence += this.events;
    this.main.transferSequence += this.#returns + this.#grants;
  }

  /** The month start in parts of at most `size` sub-accounts, always at least one part. */
  *parts(size: number): Generator<MonthStartPart> {
    const { before } = this;
    const subs = this.#subs;
    const returns: Cursor = { sequence: before.transferSequence, balance: before.balance };
    const grants = this.#firstGrant();
    for (let from = 0; ; from += size) {
      const until = Math.min(from + size, subs.length);
      const part = this.#part(from, until, returns, grants);
      if (until < subs.length) yield part;
      else {
        yield { ...part, events: [...part.events, ...this.#summary()] };
        return;
      }
    }
  }

  /** Where the grants begin: after all returns. */
  #firstGrant(): Cursor {
    const { before } = this;
    return {
      sequence: before.transferSequence + this.#returns,
      balance: add(before.balance, this.#returned),
    };
  }

  #sumUp(): void {
    for (const sub of this.#subs) {
      if (sub.remaining === 0n) continue;
      this.#returned = add(this.#returned, sub.remaining);
      this.#returns += 1;
    }
    const { balance: all } = this.#firstGrant();
    for (const sub of this.#subs) {
      if (sub.lifecycle !== 'active') continue;
      const lacking = sub.nextLimit ?? sub.limit;
      const given = this.#given(sub, subtract(all, this.#granted));
      this.#granted = add(this.#granted, given);
      if (given > 0n) this.#grants += 1;
      if (given === lacking) this.#funded += 1;
      else if (given === 0n) this.#unfunded += 1;
    }
  }

  /** Millipoints that the funding pass gives to a sub-account at this balance of main. */
  #given(stored: SubAccount, balance: Points): Points {
    if (stored.lifecycle !== 'active') return ZERO;
    const left = available({ ...this.#terms, balance });
    return share(this.main.fundingPolicy, stored.nextLimit ?? stored.limit, left);
  }

  get #terms() {
    const { plan, creditLimit } = this.main;
    return { plan, creditLimit };
  }

  #part(from: number, until: number, returns: Cursor, grants: Cursor): MonthStartPart {
    const events: DomainEvent[] = [];
    const subAccounts: SubAccount[] = [];
    const statements: PeriodStatement[] = [];
    const back: Transfer[] = [];
    const out: Transfer[] = [];
    for (let index = from; index < until; index += 1) {
      const stored = this.#subs[index] as SubAccount;
      const closing = closingOf(stored);
      const sub = opened(stored, this.main.period);
      const transfers: Transfer[] = [];
      if (stored.remaining > 0n) transfers.push(this.#giveBack(stored, returns));
      back.push(...transfers);
      const points = this.#given(stored, grants.balance);
      if (points > 0n) {
        const grant = this.#grant(sub, points, grants);
        transfers.push(grant);
        out.push(grant);
      }
      subAccounts.push(sub);
      statements.push({ subAccountId: sub.id, closing });
      events.push({
        name: 'sub-account.rolled',
        sequence: this.before.sequence + index + 1,
        subAccountId: sub.id,
        transfers,
        detail: { closed: closing },
      });
    }
    const changes = { subAccounts, statements, transfers: [...back, ...out] };
    return { events, changes: { ...onlyMain(this.main), ...changes } };
  }

  /** The return belongs to the period that ends. Open holds stay open and keep that period. */
  #giveBack(stored: SubAccount, at: Cursor): Transfer {
    at.sequence += 1;
    at.balance = add(at.balance, stored.remaining);
    return {
      ...this.#transferOf(stored),
      sequence: at.sequence,
      kind: 'month-return',
      from: `sub:${stored.id}`,
      to: 'main',
      amount: stored.remaining,
      fromBalance: ZERO,
      toBalance: at.balance,
      period: this.before.period,
    };
  }

  #grant(sub: SubAccount, points: Points, at: Cursor): Transfer {
    at.sequence += 1;
    at.balance = subtract(at.balance, points);
    sub.remaining = points;
    sub.opening = points;
    return {
      ...this.#transferOf(sub),
      sequence: at.sequence,
      kind: 'limit-grant',
      from: 'main',
      to: `sub:${sub.id}`,
      amount: points,
      fromBalance: at.balance,
      toBalance: points,
      period: this.main.period,
    };
  }

  #transferOf(sub: SubAccount) {
    return { subAccountId: sub.id, messageId: null, reference: '' };
  }

  /** The events of the main account, after those of all sub-accounts. */
  #summary(): DomainEvent[] {
    const returned = this.#returned;
    const granted = this.#granted;
    const funded = this.#funded;
    const unfunded = this.#unfunded;
    const detail = { from: this.before.period, to: this.main.period, returned, granted, funded, unfunded };
    const first = this.before.sequence + this.#subs.length + 1;
    return [{ name: 'period.rolled', detail } as const, ...this.#suspensions].map((event, index) => ({
      ...event,
      sequence: first + index,
      subAccountId: null,
      transfers: [],
    }));
  }
}
