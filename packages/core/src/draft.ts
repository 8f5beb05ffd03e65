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

/** One end of a move. A hold or a sub-account must be the draft's own copy (`draft.sub`, `draft.hold`). */
export type Account = 'main' | 'used' | 'purchased' | { readonly sub: SubAccount } | { readonly hold: Hold };

interface MoveContext {
  readonly sub?: SubAccount | null;
  readonly messageId?: string | null;
  /** The period that the move counts to; the current one unless named. */
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
 * The working copy of a decision: rows are copied when first touched, moves change the copies and write
 * transfers, and `finish` hands everything over. A draft that is dropped leaves the books as they were.
 */
export class Draft {
  readonly main: MainAccount;
  readonly transfers: Transfer[] = [];
  private readonly subs = new Map<string, SubAccount>();
  private readonly holds = new Map<string, Hold>();
  private readonly charges = new Map<string, Charge>();
  private readonly refunds: Refund[] = [];
  private readonly references: BookedReference[] = [];
  private readonly statements: PeriodStatement[] = [];
  private readonly lateEntries: LateEntry[] = [];
  private readonly events: DomainEvent[] = [];
  private reported = 0;
  /** Why the month start failed. */
  private problem: string | undefined;

  constructor(
    readonly books: Books,
    main: MainAccount,
  ) {
    this.main = { ...main };
  }

  /** The draft's copy of a sub-account, to be changed in place. Undefined where there is none. */
  sub(id: string): SubAccount | undefined {
    const own = this.subs.get(id);
    if (own) return own;
    const stored = this.books.subAccounts.get(id);
    if (!stored) return undefined;
    // Only a deleted sub-account can be behind: a month start takes all others along.
    const isBehind = stored.period !== this.main.period;
    return this.addSub(isBehind ? { ...stored, ...NO_COUNTERS, period: this.main.period } : { ...stored });
  }

  /** A sub-account as it is now, not to be changed. */
  peek(id: string): Readonly<SubAccount> | undefined {
    return this.subs.get(id) ?? this.books.subAccounts.get(id);
  }

  addSub(sub: SubAccount): SubAccount {
    this.subs.set(sub.id, sub);
    return sub;
  }

  hold(messageId: string): Hold | undefined {
    const own = this.holds.get(messageId);
    if (own) return own;
    const stored = this.books.holds.get(messageId);
    return stored && this.addHold({ ...stored });
  }

  addHold(hold: Hold): Hold {
    this.holds.set(hold.messageId, hold);
    return hold;
  }

  charge(messageId: string): Charge | undefined {
    const own = this.charges.get(messageId);
    if (own) return own;
    const stored = this.books.charges.get(messageId);
    return stored && this.addCharge({ ...stored });
  }

  addCharge(charge: Charge): Charge {
    this.charges.set(charge.messageId, charge);
    return charge;
  }

  addReference(reference: BookedReference): void {
    this.references.push(reference);
  }

  addRefund(refund: Refund): void {
    this.refunds.push(refund);
  }

  /** Whether the statement of a sub-account's period is closed: the month is over, or the sub-account is deleted. */
  isClosed(sub: SubAccount, period: Period): boolean {
    return period !== this.main.period || sub.lifecycle === 'deleted';
  }

  addStatement(sub: SubAccount, closing: PeriodClosing): void {
    this.statements.push({ subAccountId: sub.id, closing });
  }

  /** Notes what reaches a closed statement; of an open one the counters tell. */
  addLate(
    sub: SubAccount,
    period: Period,
    amounts: Partial<Pick<LateEntry, 'used' | 'refunded' | 'returned'>>,
  ): void {
    if (!this.isClosed(sub, period)) return;
    this.lateEntries.push({
      subAccountId: sub.id,
      period,
      used: ZERO,
      refunded: ZERO,
      returned: ZERO,
      ...amounts,
    });
  }

  /** Moves points as one transfer. Nothing happens for 0. */
  move(kind: TransferKind, from: Account, to: Account, amount: Points, context: MoveContext = {}): void {
    if (amount === 0n) return;
    if (amount < 0n) throw new RangeError(`a transfer of ${amount} millipoints (${kind})`);
    const fromBalance = this.post(from, -amount as Points);
    const toBalance = this.post(to, amount);
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

  /** Adds an event; unless told, it explains the transfers made since the last one. */
  emit<Name extends EventName>(
    name: Name,
    detail: EventDetails[Name],
    sub: SubAccount | null = null,
    transfers: readonly Transfer[] = this.transfers.slice(this.reported),
  ): void {
    this.main.sequence += 1;
    this.reported = this.transfers.length;
    this.events.push({
      name,
      sequence: this.main.sequence,
      subAccountId: sub?.id ?? null,
      transfers,
      detail,
    });
  }

  /** The month start that is due could not be worked out. @param problem for operators */
  failMonthStart(problem: string): void {
    this.main.monthStartFailed = true;
    this.problem = problem;
  }

  /** Whether `available` is higher than before this decision: then others may be funded. */
  hasRisen(): boolean {
    const before = this.books.main && available(this.books.main);
    const now = available(this.main);
    if (before === null) return this.books.main === null ? false : now === null;
    return now === null || now > before;
  }

  /** Ids of sub-accounts that lack something now: the books' own ones, seen through this draft's changes. */
  shortIds(): string[] {
    const ids = [...this.books.short].filter((id) => {
      const own = this.subs.get(id);
      return own === undefined || shortfall(own) > 0n;
    });
    for (const sub of this.subs.values())
      if (!this.books.short.has(sub.id) && shortfall(sub) > 0n) ids.push(sub.id);
    return ids;
  }

  /** Of the sub-accounts touched here, those that lack something, but less than before or newly. */
  relievedIds(): string[] {
    const ids: string[] = [];
    for (const sub of this.subs.values()) {
      const now = shortfall(sub);
      const stored = this.books.subAccounts.get(sub.id);
      const before = stored === undefined ? 0n : shortfall(stored);
      if (now > 0n && (before === 0n || now < before)) ids.push(sub.id);
    }
    return ids;
  }

  finish(): Decision {
    for (const { name, detail } of suspensionChanges(this.books.main, this.main)) {
      const { problem } = this;
      this.emit(name, problem === undefined ? detail : { ...detail, problem });
    }
    return {
      kind: 'decided',
      events: this.events,
      changes: {
        main: this.main,
        subAccounts: [...this.subs.values()],
        holds: [...this.holds.values()],
        charges: [...this.charges.values()],
        refunds: this.refunds,
        references: this.references,
        transfers: this.transfers,
        statements: this.statements,
        lateEntries: this.lateEntries,
      },
    };
  }

  /** Adds to an account's balance and says what it is then; keeps the main account's sums. */
  private post(account: Account, amount: Points): Points {
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

/** Invariant 3: a bug in a rule must stop here, before it is written. */
function nonNegative(balance: Points, of: string): Points {
  if (balance < 0n) throw new RangeError(`the balance of ${of} would be ${balance} millipoints`);
  return balance;
}
