import type { AutomaticSuspension, DeadLetterReason, RejectionCode } from '@subledger/contracts/vocabulary';
import type { EpochMs, Period } from './period.js';
import type { Points } from './points.js';
import type {
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

/** Changes of a decision: new versions of rows, and the transfers that explain them. */
export interface Changes {
  /** Null only if there are no books. */
  readonly main: MainAccount | null;
  readonly subAccounts: readonly SubAccount[];
  readonly holds: readonly Hold[];
  readonly charges: readonly Charge[];
  readonly refunds: readonly Refund[];
  /** References that were booked for the first time. */
  readonly references: readonly BookedReference[];
  readonly transfers: readonly Transfer[];
  /** Statements that close in this decision. */
  readonly statements: readonly PeriodStatement[];
  /** Amounts that belong to statements closed before. */
  readonly lateEntries: readonly LateEntry[];
}

/** Changes of the main account's own row only, as a refusal writes them. */
export const onlyMain = (main: MainAccount | null): Changes => ({
  main,
  subAccounts: [],
  holds: [],
  charges: [],
  refunds: [],
  references: [],
  transfers: [],
  statements: [],
  lateEntries: [],
});

/**
 * An expected refusal. The extra fields tell the caller which amount would have been enough. Amounts are millipoints.
 */
export interface Rejection {
  readonly code: RejectionCode;
  /** Points that this move takes from `available`. */
  readonly needed?: Points;
  /** Points that are available, below 0 in debt. */
  readonly available?: Points;
  /** Points to purchase so that the command succeeds. Includes sub-accounts that are funded first. */
  readonly lacking?: Points;
  readonly remaining?: Points;
  readonly blockers?: readonly string[];
  readonly blockerCount?: number;
  /** The first transfer with the same reference, if the reference was booked before. */
  readonly first?: Omit<BookedReference, 'key'>;
}

interface MessageDetail {
  readonly messageId: string;
  readonly period: Period;
  readonly points: Points;
}

/** Fields of each event beside the resulting state, by event name (`packages/contracts/src/events.ts`). */
export interface EventDetails {
  'main-account.opened': object;
  'main-account.configured': object;
  'main-account.suspended': object;
  'main-account.resumed': object;
  'main-account.sending-stopped': { readonly reason: AutomaticSuspension; readonly problem?: string };
  'main-account.sending-resumed': { readonly reason: AutomaticSuspension };
  'feature.activated': object;
  'feature.deactivated': object;
  'points.purchased': { readonly points: Points; readonly reference: string };
  'points.adjusted': { readonly points: Points; readonly reason: string };
  'plan.switched': { readonly plan: string };
  'sub-account.opened': object;
  'sub-account.configured': object;
  'limit.changed': { readonly effective: 'immediately' | 'next-period' };
  'limit.boosted': { readonly points: Points };
  'sub-account.paused': object;
  'sub-account.resumed': object;
  'sub-account.deactivated': { readonly returned: Points };
  'sub-account.reactivated': object;
  'sub-account.deleted': { readonly returned: Points; readonly closed: PeriodClosing };
  'sub-account.funded': { readonly points: Points };
  'sub-account.rolled': { readonly closed: PeriodClosing };
  'hold.placed': { readonly messageId: string; readonly points: Points; readonly expiresAt: EpochMs };
  'hold.released': {
    readonly messageId: string;
    readonly points: Points;
    readonly reason: 'released' | 'expired';
    /** The hold's period, or null for a bar. */
    readonly period: Period | null;
    /** Whether the statement of its period was closed before. */
    readonly late: boolean;
  };
  'message.charged': MessageDetail & {
    readonly fromHold: Points;
    readonly fromSub: Points;
    readonly fromMain: Points;
    /** Whether it counts to a period whose statement was closed before. */
    readonly late: boolean;
  };
  'limit.exceeded': MessageDetail & { readonly overage: Points };
  'message.credited': MessageDetail & {
    readonly refundId: string;
    readonly requested: Points;
    readonly late: boolean;
  };
  'period.rolled': {
    readonly from: Period;
    readonly to: Period;
    readonly returned: Points;
    readonly granted: Points;
    readonly funded: number;
    readonly unfunded: number;
  };
  'period.already-rolled': { readonly period: Period };
  'snapshot.requested': { readonly history: boolean };
  'command.rejected': Rejection;
}
export type EventName = keyof EventDetails;

/** One event of a decision. Its states are those after the whole decision, because a decision is one transaction. */
export interface DomainEvent<Name extends EventName = EventName> {
  readonly name: Name;
  /** 1, 2, 3 … per main account, or 0 if there are no books. */
  readonly sequence: number;
  readonly subAccountId: string | null;
  readonly transfers: readonly Transfer[];
  readonly detail: EventDetails[Name];
}

/** The result of `decide`. A duplicate fact and a dead letter change nothing. A duplicate has no event either. */
export type Decision =
  | { readonly kind: 'decided'; readonly events: readonly DomainEvent[]; readonly changes: Changes }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'dead-letter'; readonly reason: DeadLetterReason; readonly detail: string };
