import type { Books, decide, LedgerPolicy } from '@subledger/core';
import type { DeadLetterSeal } from '@subledger/kafka';
import type { KnownCommand } from '../store/known.js';
import type { BatchCounts } from './batch-counts.js';
import type { BatchDraft } from './batch-draft.js';
import type { LaneProgress } from './lane-progress.js';

/** Everything needed to decide a batch, in memory. */
export interface BatchContext {
  readonly lane: number;
  readonly generation: number;
  readonly policy: LedgerPolicy;
  /** Milliseconds between a sub-account's deletion and the tombstone of its limit record. */
  readonly tombstoneGraceMs: number;
  /** Milliseconds since 1970. Only for tombstones, which no record causes. */
  readonly now: () => number;
  readonly decide: typeof decide;
  readonly seal: DeadLetterSeal;
  readonly booksOf: (mainAccountId: string) => Books;
  /** Commands with an earlier outcome, by `commandKey`. Those of this batch are added. */
  readonly known: Map<string, KnownCommand>;
  /** Whether the main account's records belong to this lane. */
  readonly isOwn: (mainAccountId: string) => boolean;
  readonly progress: LaneProgress;
  readonly draft: BatchDraft;
  readonly counts: BatchCounts;
}
