import type { FundingPolicy, Plan } from '@subledger/contracts/vocabulary';
import type { EpochMs, Period } from './period.js';
import type { Points } from './points.js';

interface ForSub {
  readonly subAccountId: string;
}

interface Insistent {
  /** Books a reference although it was booked before. */
  readonly allowDuplicateReference?: boolean;
}

/** Data of each command in the domain's own types. The caller converts the wire format to them. */
export interface CommandData {
  'main-account.open': {
    readonly plan: Plan;
    readonly timeZone: string;
    readonly creditLimit: Points | null;
    readonly fundingPolicy: FundingPolicy;
  };
  'main-account.configure': {
    /** `undefined` leaves it unchanged. Null means unlimited credit. */
    readonly creditLimit?: Points | null;
    readonly fundingPolicy?: FundingPolicy;
    readonly timeZone?: string;
    /** `undefined` leaves it unchanged. Null means that the account is never suspended automatically. */
    readonly suspendBelow?: Points | null;
  };
  'main-account.suspend': object;
  'main-account.resume': object;
  'feature.activate': object;
  'feature.deactivate': object;
  'points.purchase': Insistent & { readonly points: Points; readonly reference: string };
  'points.adjust': Insistent & { readonly points: Points; readonly reason: string };
  'plan.switch': { readonly plan: Plan };
  'sub-account.open': ForSub & { readonly limit: Points; readonly priority?: number };
  'sub-account.configure': ForSub & { readonly priority: number };
  'limit.change': ForSub & { readonly limit: Points; readonly effective: 'immediately' | 'next-period' };
  'limit.boost': ForSub & { readonly points: Points };
  'sub-account.pause': ForSub;
  'sub-account.resume': ForSub;
  'sub-account.deactivate': ForSub;
  'sub-account.reactivate': ForSub;
  'sub-account.delete': ForSub;
  'hold.place': ForSub & {
    readonly messageId: string;
    readonly points: Points;
    readonly expiresInSeconds: number;
  };
  'hold.release': {
    readonly subAccountId?: string;
    readonly messageId: string;
    readonly reason: 'released' | 'expired';
  };
  'period.roll': { readonly period: Period };
  'snapshot.request': { readonly history: boolean };
}
export type CommandName = keyof CommandData;

/** A command for one main account. `at` is the broker time of its record. */
export type CommandOf<Name extends CommandName> = {
  readonly kind: 'command';
  readonly name: Name;
  readonly mainAccountId: string;
  readonly at: EpochMs;
  readonly data: CommandData[Name];
};
export type Command = { [Name in CommandName]: CommandOf<Name> }[CommandName];

export interface MessageSent {
  readonly kind: 'message.sent';
  readonly mainAccountId: string;
  readonly at: EpochMs;
  readonly messageId: string;
  readonly subAccountId: string;
  readonly sentAt: EpochMs;
  /** 0 or more, in millipoints. */
  readonly points: Points;
}

export interface MessageRefunded {
  readonly kind: 'message.refunded';
  readonly mainAccountId: string;
  readonly at: EpochMs;
  /** At most one refund is booked per id. */
  readonly refundId: string;
  readonly messageId: string;
  readonly points: Points;
}

/** The clock passed a month start, so one period is rolled. Valid only while `isRollDue`. */
export interface ClockReached {
  readonly kind: 'clock';
  readonly mainAccountId: string;
  readonly at: EpochMs;
}

/**
 * The clock passed the end of a hold that nobody used or released. Valid only while `isHoldOver`. `at` is the time at
 * which the ledger found it, milliseconds since 1970.
 */
export interface HoldExpired {
  readonly kind: 'hold.expired';
  readonly mainAccountId: string;
  readonly at: EpochMs;
  readonly messageId: string;
}

export type Input = Command | MessageSent | MessageRefunded | ClockReached | HoldExpired;

/** Settings that the ledger's operator fixes for all customers. */
export interface LedgerPolicy {
  /** Maximum number of sub-accounts (not deleted) of one main account. */
  readonly maxSubAccounts: number;
  /** Maximum cost of one message, or of a hold for one, in millipoints. */
  readonly maxMessagePoints: Points;
  /** Whether a `period.roll` may come before its month start. For trials only: refused in production. */
  readonly allowEarlyRoll: boolean;
}
