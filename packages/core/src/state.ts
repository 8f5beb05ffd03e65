import type { FundingPolicy, Plan, TransferKind } from '@subledger/contracts/vocabulary';
import type { EpochMs, Period } from './period.js';
import type { Points } from './points.js';

/**
 * The main account's own row of the books. Amounts are millipoints. The account `purchased` has a negative balance,
 * as the source.
 */
export interface MainAccount {
  readonly id: string;
  plan: Plan;
  timeZone: string;
  /** A time zone that acts from the next month start. */
  nextTimeZone: string | null;
  /** Postpay: how far `balance` may go below 0. Null means unlimited. */
  creditLimit: Points | null;
  fundingPolicy: FundingPolicy;
  featureActive: boolean;
  /** Suspended by an operator. See `suspensionsOf` for the other reasons. */
  suspended: boolean;
  /** Sending stops while `available` is below this. Null: it never stops for that. */
  suspendBelow: Points | null;
  /** The due month start could not be computed. Sending stops until it can (docs/decisions/0025). */
  monthStartFailed: boolean;
  period: Period;
  /**
   * Start of the time from which messages count to `period`: the month start, or the broker time of the roll if an
   * operator rolled the month early (docs/decisions/0003).
   */
  periodOpenedAt: EpochMs;
  nextMonthStart: EpochMs;
  /** Balance of the account `main`. */
  balance: Points;
  /** Sum of purchases and adjustments, which is minus the balance of the account `purchased`. */
  purchased: Points;
  /** Balance of the account `used`. */
  used: Points;
  /** Sum of the balances of all holds, of any period. */
  held: Points;
  /** Sum of the balances of all sub-accounts. */
  granted: Points;
  activeSubAccounts: number;
  /** Active and inactive sub-accounts. */
  subAccounts: number;
  /** Sub-accounts ever opened, which is also the next one's `ordinal`. */
  opened: number;
  /** Sequence of the last event. */
  sequence: number;
  /** Sequence of the last transfer. */
  transferSequence: number;
}

export type Lifecycle = 'active' | 'inactive' | 'deleted';

/**
 * One sub-account. Amounts are millipoints. `derive.ts` computes `granted`, the target and the shortfall from these.
 */
export interface SubAccount {
  readonly id: string;
  /** Order of creation within its main account. */
  readonly ordinal: number;
  lifecycle: Lifecycle;
  paused: boolean;
  priority: number;
  limit: Points;
  /** A limit that takes effect at the next month start. */
  nextLimit: Points | null;
  /** The period of the counters below. Counters of an older period read as zero. */
  period: Period;
  boost: Points;
  used: Points;
  overage: Points;
  /** Points in holds of this period. */
  held: Points;
  /** Balance of the account `sub:<id>`. */
  remaining: Points;
  /** Points at the beginning of the period, or when the sub-account was opened within it. */
  opening: Points;
  /** When it was deleted; null before. */
  deletedAt: EpochMs | null;
}

/** Closing figures of a sub-account's period: granted − (used − overage) − held = returned (docs/decisions/0008). */
export interface PeriodClosing {
  readonly period: Period;
  readonly opening: Points;
  readonly limit: Points;
  readonly boost: Points;
  readonly granted: Points;
  readonly used: Points;
  readonly overage: Points;
  /** Points in holds that stay open beyond the close. */
  readonly held: Points;
  readonly returned: Points;
}

/** A closed period of a sub-account. It never changes. Later amounts are a `LateEntry`. */
export interface PeriodStatement {
  readonly subAccountId: string;
  readonly closing: PeriodClosing;
}

/** Amounts of a fact that came after its period's statement had closed. They are added up beside the statement. */
export interface LateEntry {
  readonly subAccountId: string;
  readonly period: Period;
  /** Points of the period's messages. */
  readonly used: Points;
  readonly refunded: Points;
  /** Points of the period's holds that were returned to main. */
  readonly returned: Points;
}

/** `barred`: released before it was placed. `settled`: its message was charged. */
export type HoldState = 'open' | 'settled' | 'released' | 'barred';

export interface Hold {
  readonly messageId: string;
  /** Null if the release that made the bar named none. */
  readonly subAccountId: string | null;
  readonly period: Period;
  /** Balance of the account `hold:<messageId>`, 0 once resolved. */
  points: Points;
  state: HoldState;
  readonly expiresAt: EpochMs;
}

/** A message's charge: at most one per main account and message id. */
export interface Charge {
  readonly messageId: string;
  readonly subAccountId: string;
  /** The period that it counts to. */
  readonly period: Period;
  readonly points: Points;
  refunded: Points;
}

/** The first purchase or adjustment of a main account with this reference (docs/decisions/0026). */
export interface BookedReference {
  /** The key of `referenceKey`: kind and normalized text. */
  readonly key: string;
  /** Sequence of its transfer. */
  readonly transfer: number;
  /** Negative for a downward adjustment. */
  readonly points: Points;
  /** Broker time of its command. */
  readonly at: EpochMs;
}

export interface Refund {
  readonly refundId: string;
  readonly messageId: string;
  readonly points: Points;
}

/** `main`, `used`, `purchased`, `sub:<sub-account id>` or `hold:<message id>`. */
export type AccountName = 'main' | 'used' | 'purchased' | `sub:${string}` | `hold:${string}`;

/** One immutable transfer: `amount` moves from `from` (the debit) to `to` (the credit). */
export interface Transfer {
  readonly sequence: number;
  readonly kind: TransferKind;
  readonly from: AccountName;
  readonly to: AccountName;
  /** More than 0. */
  readonly amount: Points;
  readonly fromBalance: Points;
  readonly toBalance: Points;
  readonly subAccountId: string | null;
  readonly messageId: string | null;
  readonly period: Period;
  readonly reference: string;
}
