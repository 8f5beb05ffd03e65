import type { FundingPolicy, Plan } from '@subledger/contracts/vocabulary';
import type { EpochMs, Period } from './period.js';
import type { Points } from './points.js';

interface ForSub {
  readonly subAccountId: string;
}

interface Insistent {
  /** Books a reference that was booked before, all the same. */
  readonly allowDuplicateReference?: boolean;
}

/** Data of each command, in the domain's own types. The caller maps the wire to it. */
export interface CommandData {
  'main-account.open': {
    readonly plan: Plan;
    readonly timeZone: string;
    readonly creditLimit: Points | null;
    readonly fundingPolicy: FundingPolicy;
  };
  'main-account.configure': {
    /** `undefined` leaves it; null is unlimited. */
    readonly creditLimit?: Points | null;
    readonly fundingPolicy?: FundingPolicy;
    readonly timeZone?: string;
    /** `undefined` leaves it; null: never suspended by itself. */
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

/** A command for one main account. `at` is the broker's time of its record. */
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
  /** 0 or more. */
  readonly points: Points;
}

export interface MessageRefunded {
  readonly kind: 'message.refunded';
  readonly mainAccountId: string;
  readonly at: EpochMs;
  /** At most one refund per id. */
  readonly refundId: string;
  readonly messageId: string;
  readonly points: Points;
}

/** The clock passed a month start: one period is rolled. Valid only while `isRollDue`. */
export interface ClockReached {
  readonly kind: 'clock';
  readonly mainAccountId: string;
  readonly at: EpochMs;
}

export type Input = Command | MessageSent | MessageRefunded | ClockReached;

/** What the operator of the ledger fixes for all customers. */
export interface LedgerPolicy {
  /** Sub-accounts (not deleted) that one main account may have. */
  readonly maxSubAccounts: number;
  /** What one message, or a hold for one, may cost at most. */
  readonly maxMessagePoints: Points;
  /** Whether a `period.roll` may come before its month start (trials; refused in production). */
  readonly allowEarlyRoll: boolean;
}
