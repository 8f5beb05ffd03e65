import type {
  BookedReference,
  Charge,
  Hold,
  MainAccount,
  PeriodClosing,
  Points,
  Refund,
  SubAccount,
  Transfer,
} from '@subledger/core';
import type { JournalBlock } from '@subledger/wire';

export interface SubAccountKey {
  readonly mainAccountId: string;
  readonly subAccountId: string;
}

/** Rows of one batch, as they are written. Instants are ISO text, because both SQL and events need them so. */

export interface TransferRow {
  readonly mainAccountId: string;
  readonly eventSequence: number;
  readonly at: string;
  readonly transfer: Transfer;
}

/** A row of the books with its main account. `at` is the broker time of the record that first wrote it. */
export interface Owned<Row> {
  readonly mainAccountId: string;
  readonly at: string;
  readonly row: Row;
}

export interface CommandRow {
  readonly mainAccountId: string;
  readonly commandId: string;
  readonly contentHash: string;
  readonly lane: number;
  /** Lane sequence of the outcome in the journal, or null if it is not there. */
  readonly laneSequence: bigint | null;
  readonly at: string;
  /** The outcome's JSON if it is not in the journal, otherwise null. */
  readonly payload: string | null;
}

/** What a batch adds to one statement: its close, late amounts, or both. */
export interface StatementRow extends SubAccountKey {
  readonly period: string;
  /** Null if the statement was closed before. */
  closing: PeriodClosing | null;
  lateUsed: Points;
  lateRefunded: Points;
  lateReturned: Points;
  /** Broker time of the record that made the row. */
  readonly at: string;
}

export interface OutboxRow {
  readonly laneSequence: bigint;
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | Buffer | null;
  readonly headers: Record<string, string>;
}

/** How far a lane is in its two topics: next offsets, and fingerprints of the records before them. */
export interface LaneOffsets {
  readonly commandOffset: bigint;
  readonly messageOffset: bigint;
  readonly commandLastId: string | null;
  readonly messageLastId: string | null;
}

/** Offset of the last message that books at these offsets contain, or null before the first. */
export const lastMessageOf = ({
  messageOffset,
  messageLastId,
}: Pick<LaneOffsets, 'messageOffset' | 'messageLastId'>): bigint | null =>
  messageLastId === null ? null : messageOffset - 1n;

/** The change of the lane's row in a transaction. */
export interface LaneStep {
  readonly offsets: LaneOffsets;
  /** The previous lane sequence, which the row must have. */
  readonly laneSequenceBefore: bigint;
  readonly laneSequence: bigint;
}

/** Everything that one transaction writes. */
export interface BatchWrites extends LaneStep {
  readonly journal: readonly JournalBlock[];
  readonly transfers: readonly TransferRow[];
  readonly mainAccounts: readonly MainAccount[];
  readonly subAccounts: readonly Owned<SubAccount>[];
  readonly holds: readonly Owned<Hold>[];
  readonly charges: readonly Owned<Charge>[];
  readonly refunds: readonly Owned<Refund>[];
  readonly references: readonly Owned<BookedReference>[];
  readonly commands: readonly CommandRow[];
  readonly statements: readonly StatementRow[];
  /** Deleted sub-accounts whose limit records become tombstones. */
  readonly tombstones: readonly SubAccountKey[];
  readonly outbox: readonly OutboxRow[];
}
