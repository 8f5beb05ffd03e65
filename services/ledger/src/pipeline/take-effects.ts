import { isFollowUp } from '@subledger/contracts';
import type { Books, Changes, DomainEvent } from '@subledger/core';
import type { EventWriter } from '@subledger/wire';
import type { BatchCounts } from './batch-counts.js';
import type { BatchDraft, EventContext } from './batch-draft.js';

/** Where the effects of a decision go. */
export interface EffectTargets {
  readonly books: Books;
  readonly draft: BatchDraft;
  readonly counts: BatchCounts;
  /** Of the main account as it is after the decision. */
  readonly writer: EventWriter;
  readonly context: EventContext;
}

/** The event that is a command's outcome. `payload` is its JSON as published. */
export interface Outcome {
  /** In the journal, or null if it is not there. */
  readonly laneSequence: bigint | null;
  readonly payload: string;
}

/**
 * Takes the effects of a decision, or of a part of a large month start: into the books, the rows and records of the
 * batch, and the counts. The only place that does.
 *
 * @param onEvent called with each event after it was drafted
 * @returns the outcome, or null if no event is one
 * @throws RangeError if a transfer has no event: it would be missing from every statement
 */
export function takeEffects(
  { books, draft, counts, writer, context }: EffectTargets,
  { events, changes }: { readonly events: readonly DomainEvent[]; readonly changes: Changes },
  onEvent?: (event: DomainEvent) => void,
): Outcome | null {
  books.apply(changes);
  let outcome: Outcome | null = null;
  let explained = 0;
  for (const event of events) {
    const sub = event.subAccountId === null ? null : (books.subAccounts.get(event.subAccountId) ?? null);
    const payload = writer.write(event, sub);
    const laneSequence = draft.addEvent(event, payload, context);
    counts.event(event);
    explained += event.transfers.length;
    if (outcome === null && !isFollowUp(event.name)) outcome = { laneSequence, payload };
    onEvent?.(event);
  }
  // A bug in a rule, so stop before the commit.
  if (explained !== changes.transfers.length) throw new RangeError('a transfer that no event explains');
  draft.addChanges(context.mainAccountId, changes, context.at);
  return outcome;
}
