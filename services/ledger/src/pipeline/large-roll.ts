import { rollCommandId } from '@subledger/contracts';
import {
  type Books,
  canRoll,
  isRollDue,
  isRollRetried,
  type LedgerPolicy,
  MonthStart,
  requestsRoll,
  wouldRoll,
} from '@subledger/core';
import {
  type Cause,
  EventWriter,
  instantText,
  limitOrTombstone,
  type ParsedCommand,
  type ParsedMessage,
} from '@subledger/wire';
import { commandKey, type KnownCommand } from '../store/known.js';
import type { BatchWrites, LaneStep } from '../store/rows.js';
import { BatchCounts } from './batch-counts.js';
import { BatchDraft, type EventContext, type LimitSource, type Publication } from './batch-draft.js';
import { ROLL_TYPE } from './decide-batch.js';
import type { LaneMemory } from './lane-memory.js';
import { LaneProgress } from './lane-progress.js';
import { takeEffects } from './take-effects.js';

/** When and how a month start is written in parts. */
export interface RollInParts {
  /** A main account with more sub-accounts than this is rolled in parts. */
  readonly above: number;
  /** Sub-accounts per part: a statement's parameters are a few megabytes. */
  readonly size: number;
  /** Maximum number of events kept in memory until they are published. More are read from the journal. */
  readonly keptEvents: number;
}

export const ROLL_IN_PARTS: RollInParts = { above: 2_000, size: 1_000, keptEvents: 20_000 };

/** The cause of a large month start: the clock, before the record is decided, or the record itself, a command. */
export type LargeRollCause = 'clock' | 'command';

interface RollContext {
  readonly policy: LedgerPolicy;
  readonly known: ReadonlyMap<string, KnownCommand>;
  readonly inParts: RollInParts;
}

/** Whether a month start of very many sub-accounts must be made before or by this record. */
export function largeRollOf(
  books: Books,
  parsed: ParsedCommand | ParsedMessage,
  { policy, known, inParts }: RollContext,
): LargeRollCause | null {
  const { main } = books;
  const { input } = parsed;
  if (!main || books.subAccounts.size <= inParts.above) return null;
  // After a repair, the next command rolls it, in parts like any other.
  if (isRollRetried(books, input, 'before')) return canRoll(books, main, input.at) ? 'clock' : null;
  const isRequested = requestsRoll(books, input, known.has(commandKey(main.id, parsed.id)));
  // If it cannot be computed, it is decided like any other, and stops sending.
  if (isRollDue(books, input.at) && !isRequested) return canRoll(books, main, input.at) ? 'clock' : null;
  return isRequested && wouldRoll({ books, main, policy }, input) ? 'command' : null;
}

interface LargeRollOptions {
  readonly lane: LaneMemory;
  readonly books: Books;
  /** Broker time of the record that made it due or requested it, in milliseconds since 1970. */
  readonly at: number;
  /** The command that requested it, or null for the clock. */
  readonly command: ParsedCommand | null;
  readonly tombstoneGraceMs: number;
  /** Our clock in milliseconds since 1970. Only for tombstones. */
  readonly now: number;
  readonly inParts: RollInParts;
}

/**
 * One month start of a main account with very many sub-accounts. It is one transaction, but it is made and written
 * part by part, so that its memory does not grow with the number of sub-accounts. A roll by the clock is committed on
 * its own, before the record whose time caused it. That record then finds the period rolled.
 */
export class LargeRoll {
  readonly counts = new BatchCounts();
  readonly step: LaneStep;
  readonly #start: MonthStart;
  readonly #cause: Cause;
  readonly #writer: EventWriter;
  readonly #context: EventContext;
  readonly #messageOffset: bigint | null;
  readonly #limits = new Map<string, LimitSource>();
  readonly #kept: Publication['records'][number][] = [];

  constructor(private readonly options: LargeRollOptions) {
    const { lane, books, at, command } = options;
    const { main } = books;
    if (!main) throw new RangeError('no books to roll');
    const progress = new LaneProgress(lane.offsets);
    if (command) {
      progress.pass(command.record);
      this.counts.record(command.record.topic);
    }
    this.#start = new MonthStart(books, main, at);
    const id = command?.id ?? rollCommandId(main.id, this.#start.main.period);
    this.#cause = { kind: command ? 'command' : 'clock', id, type: ROLL_TYPE };
    this.#writer = new EventWriter(main.id, this.#start.main, lane.lease.generation, this.#cause, at);
    this.#context = { mainAccountId: main.id, at: instantText(at), headers: undefined };
    this.#messageOffset = progress.messagePosition;
    this.step = {
      offsets: progress.finish(),
      laneSequenceBefore: lane.laneSequence,
      laneSequence: lane.laneSequence + BigInt(this.#start.events),
    };
  }

  /** The transaction's statements, part by part. The books follow. After a failure they must be loaded again. */
  *parts(): Generator<BatchWrites> {
    const { lane, books, inParts } = this.options;
    let laneSequence = lane.laneSequence;
    for (const { events, changes } of this.#start.parts(inParts.size)) {
      const draft = new BatchDraft(laneSequence, events.length);
      const { counts } = this;
      const writer = this.#writer;
      const context = this.#context;
      const outcome = takeEffects({ books, draft, counts, writer, context }, { events, changes });
      if (outcome) this.#addOutcome(draft, outcome.laneSequence);
      this.#noteLimits(changes.subAccounts);
      const writes = draft.finish(this.step.offsets);
      ({ laneSequence } = writes);
      yield writes;
      if (this.#isKept) for (const record of draft.toPublication(new Map()).records) this.#kept.push(record);
    }
  }

  publication(): Publication {
    const { laneSequence, laneSequenceBefore } = this.step;
    const range = { after: laneSequenceBefore, through: laneSequence };
    const records = this.#isKept ? this.#kept : [range];
    return { records, limits: this.#limits, laneSequence, hasOutbox: false };
  }

  get #isKept(): boolean {
    return this.#start.events <= this.options.inParts.keptEvents;
  }

  /** Binds the command's id to the summary. */
  #addOutcome(draft: BatchDraft, laneSequence: bigint | null): void {
    const { command, lane } = this.options;
    if (!command) return;
    draft.addCommand({
      mainAccountId: this.#context.mainAccountId,
      commandId: command.id,
      contentHash: command.contentHash,
      lane: lane.lease.lane,
      laneSequence,
      at: this.#context.at,
      payload: null,
    });
  }

  #noteLimits(subAccounts: readonly { readonly id: string }[]): void {
    const { lane, books, at, now, tombstoneGraceMs } = this.options;
    const { main } = this.#start;
    const { lane: number, generation } = lane.lease;
    const position = { lane: number, generation, messageOffset: this.#messageOffset };
    // As in `decide-batch.ts`: a late month start must not undo a tombstone that a task wrote by our clock.
    const moment = { at: Math.max(at, now), graceMs: tombstoneGraceMs };
    for (const { id } of subAccounts) {
      const sub = books.subAccounts.get(id);
      if (sub) this.#limits.set(id, () => limitOrTombstone(main, sub, position, moment));
    }
  }
}
