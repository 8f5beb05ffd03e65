import type { TransferKind } from '@subledger/contracts/vocabulary';
import type { Books } from './books.js';
import { available, shortfall } from './derive.js';
import type { Decision, DomainEvent, EventDetails, EventName } from './outcome.js';
import type { Period } from './period.js';
import { type Points, ZERO } from './points.js';
import type {
  AccountName,
  BookedReference,
  Charge,
  Hold,
  LateEntry,
  MainAccount,
  PeriodClosing,
  PeriodStatement,
  Refund,
  SubAccount,
  Transfer,
} from './state.js';
import { suspensionChanges } from './status.js';

/** One end of a transfer. A hold or a sub-account must be the draft's own copy (`draft.sub`, `draft.hold`). */
export type Account = 'main' | 'used' | 'purchased' | { readonly sub: SubAccount } | { readonly hold: Hold };

interface MoveContext {
  readonly sub?: SubAccount | null;
  readonly messageId?: string | null;
  /** The period that the transfer counts to. Default: the current one. */
  readonly period?: Period;
  readonly reference?: string;
}

/** Counters of an older period read as zero. */
const NO_COUNTERS = { boost: ZERO, used: ZERO, overage: ZERO, held: ZERO, opening: ZERO };

const nameOf = (account: Account): AccountName => {
  if (typeof account === 'string') return account;
  return 'sub' in account ? `sub:${account.sub.id}` : `hold:${account.hold.messageId}`;
};

/**
 * The working copy of a decision. Rows are copied when first touched, moves change the copies and write transfers,
 * and `finish` returns all changes. If a draft is dropped, the books stay as they were.
 */
export class Draft {
  readonly main: MainAccount;
  readonly transfers: Transfer[] = [];
  readonly #subs = new Map<string, SubAccount>();
  readonly #holds = new Map<string, Hold>();
  readonly #charges = new Map<string, Charge>();
  readonly #refunds: Refund[] = [];
  readonly #references: BookedReference[] = [];
  readonly #statements: PeriodStatement[] = [];
  readonly #lateEntries: LateEntry[] = [];
  readonly #events: DomainEvent[] = [];
  #reported = 0;
  /** Why the month start failed. */
  #problem: string | undefined;

  constructor(
    readonly books: Books,
    main: MainAccount,
  ) {
    this.main = { ...main };
  }

  /** The draft's copy of a sub-account, to be changed in place. Undefined if it does not exist. */
  sub(id: string): SubAccount | undefined {
    const own = this.#subs.get(id);
    if (own) return own;
    const stored = this.books.subAccounts.get(id);
    if (!stored) return undefined;
    // Only a deleted sub-account can be behind: a month start moves all others to the new period.
    const isBehind = stored.period !== this.main.period;
    return this.addSub(isBehind ? { ...stored, ...NO_COUNTERS, period: this.main.period } : { ...stored });
  }

  /** The current state of a sub-account, for reading only. */
  peek(id: string): Readonly<SubAccount> | undefined {
    return this.#subs.get(id) ?? this.books.subAccounts.get(id);
  }

  addSub(sub: SubAccount): SubAccount {
    this.#subs.set(sub.id, sub);
    return sub;
  }

  hold(messageId: string): Hold | undefined {
    const own = this.#holds.get(messageId);
    if (own) return own;
    const stored = this.books.holds.get(messageId);
    return stored && this.addHold({ ...stored });
  }

  addHold(hold: Hold): Hold {
    this.#holds.set(hold.messageId, hold);
    return hold;
  }

  charge(messageId: string): Charge | undefined {
    const own = this.#charges.get(messageId);
    if (own) return own;
    const stored = this.books.charges.get(messageId);
    return stored && this.addCharge({ ...stored });
  }

  addCharge(charge: Charge): Charge {
    this.#charges.set(charge.messageId, charge);
    return charge;
  }

  addReference(reference: BookedReference): void {
    this.#references.push(reference);
  }

  addRefund(refund: Refund): void {
    this.#refunds.push(refund);
  }

  /** Whether the statement of a sub-account's period is closed: the month is over, or the sub-account is deleted. */
  isClosed(sub: SubAccount, period: Period): boolean {
    return period !== this.main.period || sub.lifecycle === 'deleted';
  }

  addStatement(sub: SubAccount, closing: PeriodClosing): void {
    this.#statements.push({ subAccountId: sub.id, closing });
  }

  /** Notes amounts that come after a statement has closed. Counters hold the amounts of open statements. */
  addLate(
    sub: SubAccount,
    period: Period,
    amounts: Partial<Pick<LateEntry, 'used' | 'refunded' | 'returned'>>,
  ): void {
    if (!this.isClosed(sub, period)) return;
    this.#lateEntries.push({
      subAccountId: sub.id,
      period,
      used: ZERO,
      refunded: ZERO,
      returned: ZERO,
      ...amounts,
    });
  }

  /**
   * Moves points as one transfer. A move of 0 does nothing.
   * @throws RangeError if the amount, or a balance after the move, is negative: a bug of the rule
   */
  move(kind: TransferKind, from: Account, to: Account, amount: Points, context: MoveContext = {}): void {
    if (amount === 0n) return;
    if (amount < 0n) throw new RangeError(`a transfer of ${amount} millipoints (${kind})`);
    const fromBalance = this.#post(from, -amount as Points);
    const toBalance = this.#post(to, amount);
    this.main.transferSequence += 1;
    this.transfers.push({
      sequence: this.main.transferSequence,
      kind,
      from: nameOf(from),
      to: nameOf(to),
      amount,
      fromBalance,
      toBalance,
      subAccountId: context.sub?.id ?? null,
      messageId: context.messageId ?? null,
      period: context.period ?? this.main.period,
      reference: context.reference ?? '',
    });
  }

  /** Adds an event. By default it explains the transfers since the previous event. */
  emit<Name extends EventName>(
    name: Name,
    detail: EventDetails[Name],
    sub: SubAccount | null = null,
    transfers: readonly Transfer[] = this.transfers.slice(this.#reported),
  ): void {
    this.main.sequence += 1;
    this.#reported = this.transfers.length;
    this.#events.push({
      name,
      sequence: this.main.sequence,
      subAccountId: sub?.id ?? null,
      transfers,
      detail,
    });
  }

  /**
   * Notes that the due month start could not be computed.
   * @param problem for operators
   */
  failMonthStart(problem: string): void {
    this.main.monthStartFailed = true;
    this.#problem = problem;
  }

  /** Whether `available` is higher than before this decision, so that other sub-accounts may be funded. */
  hasRisen(): boolean {
    const before = this.books.main && available(this.books.main);
    const now = available(this.main);
    if (before === null) return this.books.main === null ? false : now === null;
    return now === null || now > before;
  }

  /** Ids of sub-accounts with a shortfall now: those of the books, with this draft's changes applied. */
  shortIds(): string[] {
    const ids = [...this.books.short].filter((id) => {
      const own = this.#subs.get(id);
      return own === undefined || shortfall(own) > 0n;
    });
    for (const sub of this.#subs.values())
      if (!this.books.short.has(sub.id) && shortfall(sub) > 0n) ids.push(sub.id);
    return ids;
  }

  /** Ids of the sub-accounts touched here whose shortfall is new or smaller than before. */
  relievedIds(): string[] {
    const ids: string[] = [];
    for (const sub of this.#subs.values()) {
      const now = shortfall(sub);
      const stored = this.books.subAccounts.get(sub.id);
      const before = stored === undefined ? 0n : shortfall(stored);
      if (now > 0n && (before === 0n || now < before)) ids.push(sub.id);
    }
    return ids;
  }

  finish(): Decision {
    for (const { name, detail } of suspensionChanges(this.books.main, this.main)) {
      const problem = this.#problem;
      this.emit(name, problem === undefined ? detail : { ...detail, problem });
    }
    return {
      kind: 'decided',
      events: this.#events,
      changes: {
        main: this.main,
        subAccounts: [...this.#subs.values()],
        holds: [...this.#holds.values()],
        charges: [...this.#charges.values()],
        refunds: this.#refunds,
        references: this.#references,
        transfers: this.transfers,
        statements: this.#statements,
        lateEntries: this.#lateEntries,
      },
    };
  }

  /**
   * Adds to an account's balance, and keeps the main account's sums.
   * @returns the new balance
   */
  #post(account: Account, amount: Points): Points {
    const { main } = this;
    if (account === 'main') {
      main.balance = (main.balance + amount) as Points;
      return main.balance;
    }
    if (account === 'used') {
      main.used = (main.used + amount) as Points;
      return main.used;
    }
    if (account === 'purchased') {
      main.purchased = (main.purchased - amount) as Points;
      return -main.purchased as Points;
    }
    if ('sub' in account) {
      account.sub.remaining = (account.sub.remaining + amount) as Points;
      main.granted = (main.granted + amount) as Points;
      return nonNegative(account.sub.remaining, account.sub.id);
    }
    account.hold.points = (account.hold.points + amount) as Points;
    main.held = (main.held + amount) as Points;
    return nonNegative(account.hold.points, account.hold.messageId);
  }
}

/** Invariant 3: a bug in a rule must stop here, before anything is written. */
function nonNegative(balance: Points, of: string): Points {
  if (balance < 0n) throw new RangeError(`the balance of ${of} would be ${balance} millipoints`);
  return balance;
}
