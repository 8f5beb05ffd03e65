import type { Books, decide, LedgerPolicy } from '@subledger/core';
import type { DeadLetterSeal } from '@subledger/kafka';
import type { KnownCommand } from '../store/known.js';
import type { BatchCounts } from './batch-counts.js';
import type { BatchDraft } from './batch-draft.js';
import type { LaneProgress } from './lane-progress.js';

/** What deciding a batch needs; all of it in memory. */
export interface BatchContext {
  readonly lane: number;
  readonly generation: number;
  readonly policy: LedgerPolicy;
  /** Between a sub-account's deletion and the tombstone of its limit record. */
  readonly tombstoneGraceMs: number;
  /** Milliseconds since 1970; only for tombstones, which no record asks for. */
  readonly now: () => number;
  readonly decide: typeof decide;
  readonly seal: DeadLetterSeal;
  readonly booksOf: (mainAccountId: string) => Books;
  /** Commands that had an outcome before, by `commandKey`; those of this batch are added. */
  readonly known: Map<string, KnownCommand>;
  /** Whether the main account's records belong to this lane. */
  readonly isOwn: (mainAccountId: string) => boolean;
  readonly progress: LaneProgress;
  readonly draft: BatchDraft;
  readonly counts: BatchCounts;
}
