import type { FundingPolicy, Plan, TransferKind } from '@subledger/contracts/vocabulary';
import type { EpochMs, Period } from './period.js';
import type { Points } from './points.js';

/** The main account's own row of the books. Account balances: `purchased` stands negative, as a source. */
export interface MainAccount {
  readonly id: string;
  plan: Plan;
  timeZone: string;
  /** A time zone that acts from the next month start. */
  nextTimeZone: string | null;
  /** Postpay: how far `balance` may go below 0; null is unlimited. */
  creditLimit: Points | null;
  fundingPolicy: FundingPolicy;
  featureActive: boolean;
  /** By an operator; see `suspensionsOf` for what else stops sending. */
  suspended: boolean;
  /** Sending stops while `available` is below this; null: never. */
  suspendBelow: Points | null;
  /** The month start that is due could not be worked out: sending stops until it can. */
  monthStartFailed: boolean;
  period: Period;
  /**
   * From when on messages count to `period`: the month start, or the broker time of the roll where an operator
   * rolled the month early.
   */
  periodOpenedAt: EpochMs;
  nextMonthStart: EpochMs;
  /** Balance of the account `main`. */
  balance: Points;
  /** Sum of purchases and adjustments: minus the balance of the account `purchased`. */
  purchased: Points;
  /** Balance of the account `used`. */
  used: Points;
  /** Sum of the balances of all holds, of any period. */
  held: Points;
  /** Sum of the balances of all sub-accounts. */
  granted: Points;
  activeSubAccounts: number;
  /** Active and inactive ones. */
  subAccounts: number;
  /** Sub-accounts ever opened: the next one's `ordinal`. */
  opened: number;
  /** Last event's sequence. */
  sequence: number;
  /** Last transfer's sequence. */
  transferSequence: number;
}

export type Lifecycle = 'active' | 'inactive' | 'deleted';

/** One sub-account. `granted`, the target and the shortfall follow from these (see `derive.ts`). */
export interface SubAccount {
  readonly id: string;
  /** Order of creation within its main account. */
  readonly ordinal: number;
  lifecycle: Lifecycle;
  paused: boolean;
  priority: number;
  limit: Points;
  /** A limit that acts from the next month start. */
  nextLimit: Points | null;
  /** The period that the counters below belong to; of an older one they read as zero. */
  period: Period;
  boost: Points;
  used: Points;
  overage: Points;
  /** Points in holds of this period. */
  held: Points;
  /** Balance of the account `sub:<id>`. */
  remaining: Points;
  /** What it had when the period began, or when it was opened within it. */
  opening: Points;
  /** When it was deleted; null before. */
  deletedAt: EpochMs | null;
}

/** Closing figures of one sub-account's period: granted − (used − overage) − held = returned. */
export interface PeriodClosing {
  readonly period: Period;
  readonly opening: Points;
  readonly limit: Points;
  readonly boost: Points;
  readonly granted: Points;
  readonly used: Points;
  readonly overage: Points;
  /** In holds that stay open beyond the close. */
  readonly held: Points;
  readonly returned: Points;
}

/** A closed period of a sub-account. Never changes; what comes later is a `LateEntry`. */
export interface PeriodStatement {
  readonly subAccountId: string;
  readonly closing: PeriodClosing;
}

/** A fact that reached a period whose statement was closed: to be added up beside the statement. */
export interface LateEntry {
  readonly subAccountId: string;
  readonly period: Period;
  /** Points of its messages. */
  readonly used: Points;
  readonly refunded: Points;
  /** Of its holds, given back to main. */
  readonly returned: Points;
}

/** `barred`: released before it was placed. `settled`: its message was charged. */
export type HoldState = 'open' | 'settled' | 'released' | 'barred';

export interface Hold {
  readonly messageId: string;
  /** Null for a bar that named none. */
  readonly subAccountId: string | null;
  readonly period: Period;
  /** Balance of the account `hold:<messageId>`; 0 once resolved. */
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

/** The first purchase, or the first adjustment, of a main account that had this reference. */
export interface BookedReference {
  /** As `referenceKey` makes it: kind and text, folded. */
  readonly key: string;
  /** Sequence of its transfer. */
  readonly transfer: number;
  /** Below 0 for an adjustment downwards. */
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

/** One immutable move: `amount` leaves `from` (the debit) and reaches `to` (the credit). */
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
