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

/** What a decision changed: new versions of rows, and the transfers that explain them. */
export interface Changes {
  /** Null only where there are no books. */
  readonly main: MainAccount | null;
  readonly subAccounts: readonly SubAccount[];
  readonly holds: readonly Hold[];
  readonly charges: readonly Charge[];
  readonly refunds: readonly Refund[];
  /** References that were booked for the first time. */
  readonly references: readonly BookedReference[];
  readonly transfers: readonly Transfer[];
  /** Statements that close. */
  readonly statements: readonly PeriodStatement[];
  /** What reached statements that were closed before. */
  readonly lateEntries: readonly LateEntry[];
}

/** Changes of nothing but the main account's own row: what a refusal writes. */
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

/** An expected refusal; the extra fields tell the caller what would have been enough. */
export interface Rejection {
  readonly code: RejectionCode;
  /** Points that this very move takes from `available`. */
  readonly needed?: Points;
  /** What there is of them, below 0 in debt. */
  readonly available?: Points;
  /** A purchase of so many points is enough: it also pays what is funded first. */
  readonly lacking?: Points;
  readonly remaining?: Points;
  readonly blockers?: readonly string[];
  readonly blockerCount?: number;
  /** Of a reference that was booked before: its first transfer. */
  readonly first?: Omit<BookedReference, 'key'>;
}

interface MessageDetail {
  readonly messageId: string;
  readonly period: Period;
  readonly points: Points;
}

/** What an event says beside the resulting state, by event name (`packages/contracts/src/events.ts`). */
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
    /** The hold's period; null for a bar. */
    readonly period: Period | null;
    /** Its period's statement was closed before. */
    readonly late: boolean;
  };
  'message.charged': MessageDetail & {
    readonly fromHold: Points;
    readonly fromSub: Points;
    readonly fromMain: Points;
    /** Counted to a period whose statement was closed before. */
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

/** One event of a decision. States are those after the whole decision, which is one transaction. */
export interface DomainEvent<Name extends EventName = EventName> {
  readonly name: Name;
  /** Per main account 1, 2, 3 …; 0 where there are no books. */
  readonly sequence: number;
  readonly subAccountId: string | null;
  readonly transfers: readonly Transfer[];
  readonly detail: EventDetails[Name];
}

/** What `decide` found. A duplicate fact changes nothing and says nothing; a dead letter changes nothing. */
export type Decision =
  | { readonly kind: 'decided'; readonly events: readonly DomainEvent[]; readonly changes: Changes }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'dead-letter'; readonly reason: DeadLetterReason; readonly detail: string };
