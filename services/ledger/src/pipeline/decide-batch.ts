import { type DeadLetterReason, rollCommandId, TOPICS } from '@subledger/contracts';
import {
  type Books,
  canRoll,
  type Decision,
  type DomainEvent,
  type EventDetails,
  type Input,
  isHoldOver,
  isRollDue,
  isRollRetried,
  nextPeriod,
  onlyMain,
  requestsRoll,
} from '@subledger/core';
import { toDeadLetter } from '@subledger/kafka';
import {
  type Cause,
  causeOfExpiry,
  EventWriter,
  instantText,
  limitOrTombstone,
  type ParsedCommand,
  type ParsedMessage,
  type ParsedRecord,
  type RefusedRecord,
} from '@subledger/wire';
import { commandKey, type KnownCommand, type OwnedId } from '../store/known.js';
import type { BatchContext } from './batch-context.js';
import type { LimitSource } from './batch-draft.js';
import { type Outcome, takeEffects } from './take-effects.js';

/** Marks a record that was forwarded to its own partition, so that it is not forwarded forever. */
const FORWARDED_HEADER = 'ledger-forwarded-from';

/** Events that change the shown status of every sub-account without changing their rows. */
export const TOUCH_ALL: ReadonlySet<DomainEvent['name']> = new Set([
  'main-account.suspended',
  'main-account.resumed',
  'main-account.sending-stopped',
  'main-account.sending-resumed',
]);
/** A roll by the clock has `cause.kind` `clock`. Its type and id are those of the command that it replaces. */
export const ROLL_TYPE = 'subledger.period.roll.v1';

const traceOf = (record: { headers: Record<string, string> }): Record<string, string> | undefined => {
  const { traceparent } = record.headers;
  return traceparent === undefined ? undefined : { traceparent };
};

/** Decides the records of a batch, one after the other. Each decision is applied to the books before the next. */
export class BatchDecider {
  /** Sub-accounts whose limit record must be published, with their main account. */
  readonly #touched = new Map<string, string>();

  constructor(private readonly context: BatchContext) {}

  decideAll(records: readonly ParsedRecord[]): void {
    const { progress, counts } = this.context;
    for (const parsed of records) {
      progress.pass(parsed.record);
      counts.record(parsed.record.topic);
      if (parsed.kind === 'refused') this.#refuse(parsed);
      else if (parsed.kind !== 'skipped') this.#route(parsed);
    }
  }

  /**
   * Releases a hold that is over. It may be used or released meanwhile, or a month start may have become due: then
   * nothing happens.
   * @param at the time at which it was found, milliseconds since 1970
   * @returns whether it was released
   */
  expire({ mainAccountId, id }: OwnedId, at: number): boolean {
    const { booksOf, decide, policy } = this.context;
    const books = booksOf(mainAccountId);
    if (!isHoldOver(books, id, at)) return false;
    const decision = decide(books, { kind: 'hold.expired', mainAccountId, at, messageId: id }, policy);
    this.#take(books, mainAccountId, decision, causeOfExpiry(id), at, undefined);
    return true;
  }

  /** The last limit record of each changed sub-account. */
  limits(): Map<string, LimitSource> {
    const { lane, generation, progress, booksOf, tombstoneGraceMs, now } = this.context;
    const position = { lane, generation, messageOffset: progress.messagePosition };
    // The later of both clocks: a fact that was read late must not undo a tombstone that a task wrote by our clock.
    const moment = { at: Math.max(progress.latestAt, now()), graceMs: tombstoneGraceMs };
    const limits = new Map<string, LimitSource>();
    for (const [subAccountId, mainAccountId] of this.#touched) {
      const books = booksOf(mainAccountId);
      const { main } = books;
      const sub = books.subAccounts.get(subAccountId);
      if (main && sub) limits.set(subAccountId, () => limitOrTombstone(main, sub, position, moment));
    }
    return limits;
  }

  #route(parsed: ParsedCommand | ParsedMessage): void {
    const { isOwn, draft, counts, booksOf } = this.context;
    const { mainAccountId } = parsed.input;
    if (!isOwn(mainAccountId)) {
      const { record } = parsed;
      if (record.headers[FORWARDED_HEADER] !== undefined) {
        this.#refuse({
          kind: 'refused',
          record,
          reason: 'unprocessable',
          detail: 'forwarded before and still not on the partition of its key',
          command: null,
        });
        return;
      }
      counts.forwarded += 1;
      const headers = { ...record.headers, [FORWARDED_HEADER]: String(record.partition) };
      draft.addOutbox({ topic: record.topic, key: record.key, value: record.value, headers });
      return;
    }
    const books = booksOf(mainAccountId);
    this.#rollDuePeriods(books, parsed);
    if (parsed.kind === 'command') this.#decideCommand(books, parsed);
    else this.#decideMessage(books, parsed);
    if (isRollRetried(books, parsed.input, 'after')) this.#rollAgain(books, parsed.input);
  }

  /**
   * Rolls all months whose start is before the record's broker time, except the month that the record itself rolls.
   */
  #rollDuePeriods(books: Books, { id, input }: ParsedCommand | ParsedMessage): void {
    if (isRollRetried(books, input, 'before')) this.#rollByClock(books, input);
    const isRepeat = this.context.known.has(commandKey(input.mainAccountId, id));
    while (books.main && isRollDue(books, input.at)) {
      // If it cannot be computed, it is rolled by the clock here too: sending stops, and an alarm is raised.
      if (requestsRoll(books, input, isRepeat) && canRoll(books, books.main, input.at)) return;
      this.#rollByClock(books, input);
    }
  }

  /** Tries a failed month start again, and then rolls all later due months. */
  #rollAgain(books: Books, input: Input): void {
    do this.#rollByClock(books, input);
    while (isRollDue(books, input.at));
  }

  #rollByClock(books: Books, { at, mainAccountId }: Input): void {
    const { decide, policy } = this.context;
    if (!books.main) return;
    const decision = decide(books, { kind: 'clock', mainAccountId, at }, policy);
    const id = rollCommandId(mainAccountId, nextPeriod(books.main.period));
    this.#take(books, mainAccountId, decision, { kind: 'clock', id, type: ROLL_TYPE }, at, undefined);
  }

  #decideCommand(books: Books, parsed: ParsedCommand): void {
    const { known, draft, counts, decide, policy } = this.context;
    const { id, type, contentHash, input, record } = parsed;
    const { mainAccountId, at } = input;
    const key = commandKey(mainAccountId, id);
    const first = known.get(key);
    if (first && first.contentHash === contentHash) {
      counts.duplicateCommands += 1;
      repeat(draft, mainAccountId, first, traceOf(record));
      return;
    }
    const cause: Cause = { kind: 'command', id, type };
    const decision = first ? conflict(books) : decide(books, input, policy);
    const outcome = this.#take(books, mainAccountId, decision, cause, at, parsed);
    // A conflict must not replace the outcome of the id.
    if (!first && outcome) this.#remember({ mainAccountId, id, contentHash, at }, outcome);
  }

  /** Binds the command's id to its content and to this outcome. */
  #remember(
    command: {
      readonly mainAccountId: string;
      readonly id: string;
      readonly contentHash: string;
      readonly at: number;
    },
    { laneSequence, payload }: Outcome,
  ): void {
    const { mainAccountId, id, contentHash, at } = command;
    this.context.known.set(commandKey(mainAccountId, id), { contentHash, payload });
    this.context.draft.addCommand({
      mainAccountId,
      commandId: id,
      contentHash,
      lane: this.context.lane,
      laneSequence,
      at: instantText(at),
      payload: laneSequence === null ? payload : null,
    });
  }

  #decideMessage(books: Books, parsed: ParsedMessage): void {
    const { decide, policy } = this.context;
    const { id, type, input } = parsed;
    const decision = decide(books, input, policy);
    this.#take(books, input.mainAccountId, decision, { kind: 'message', id, type }, input.at, parsed);
  }

  /**
   * Applies a decision to books and draft.
   * @returns the event that is the outcome, or undefined for a duplicate or a dead letter
   */
  #take(
    books: Books,
    mainAccountId: string,
    decision: Decision,
    cause: Cause,
    at: number,
    parsed: ParsedCommand | ParsedMessage | undefined,
  ): Outcome | null {
    const { draft, counts, generation } = this.context;
    if (decision.kind === 'duplicate') {
      counts.duplicateMessages += 1;
      return null;
    }
    if (decision.kind === 'dead-letter') {
      if (parsed) this.#deadLetter(parsed.record, decision.reason, decision.detail);
      return null;
    }
    const { events, changes } = decision;
    const writer = new EventWriter(mainAccountId, changes.main, generation, cause, at);
    if (changes.main === null) {
      if (!parsed) return null;
      return this.#answerWithoutBooks(writer, parsed.record, mainAccountId, events[0]?.detail ?? {});
    }
    const headers = parsed && traceOf(parsed.record);
    const context = { mainAccountId, at: instantText(at), headers };
    const outcome = takeEffects({ books, draft, counts, writer, context }, decision, (event) => {
      if (TOUCH_ALL.has(event.name)) this.#touchAll(books);
      this.#noteFailure(mainAccountId, event);
      if (event.name !== 'snapshot.requested') return;
      const { history } = event.detail as EventDetails['snapshot.requested'];
      draft.addSnapshotRequest({ mainAccountId, history, cause, sequence: event.sequence, at });
    });
    for (const sub of changes.subAccounts) this.#touched.set(sub.id, mainAccountId);
    return outcome;
  }

  #noteFailure(mainAccountId: string, event: DomainEvent): void {
    if (event.name !== 'main-account.sending-stopped') return;
    const { reason, problem } = event.detail as EventDetails['main-account.sending-stopped'];
    if (reason === 'month-start-failed') this.context.counts.failedMonthStart(mainAccountId, problem ?? '');
  }

  #touchAll(books: Books): void {
    const { main } = books;
    if (!main) return;
    for (const sub of books.subAccounts.values()) {
      if (sub.lifecycle !== 'deleted') this.#touched.set(sub.id, main.id);
    }
  }

  #refuse({ record, reason, detail, command }: RefusedRecord): void {
    this.#deadLetter(record, reason, detail);
    if (!command) return;
    const { id, type, mainAccountId, contentHash, errors } = command;
    const { known, generation, isOwn, draft } = this.context;
    const first = known.get(commandKey(mainAccountId, id));
    if (first && first.contentHash === contentHash) {
      repeat(draft, mainAccountId, first, traceOf(record));
      return;
    }
    const at = record.timestampMs;
    const writer = new EventWriter(mainAccountId, null, generation, { kind: 'command', id, type }, at);
    const refusal = first ? { code: 'idempotency-conflict' } : { code: 'invalid-command', errors };
    const outcome = this.#answerWithoutBooks(writer, record, mainAccountId, refusal);
    // Only for a main account of this lane: another lane's ids are written by its owner.
    if (!first && isOwn(mainAccountId)) this.#remember({ mainAccountId, id, contentHash, at }, outcome);
  }

  #deadLetter(record: ParsedRecord['record'], reason: DeadLetterReason, detail: string): void {
    const { counts, draft, seal } = this.context;
    counts.deadLetter(reason, record);
    draft.addOutbox(toDeadLetter(record, reason, detail, TOPICS.deadLetters, seal));
  }

  /** An outcome that is not in the journal: sequence 0, through the outbox. */
  #answerWithoutBooks(
    writer: EventWriter,
    record: ParsedRecord['record'],
    mainAccountId: string,
    detail: object,
  ): Outcome {
    this.context.counts.rejection((detail as { code?: string }).code ?? '');
    const id = `lane-${record.partition}.${this.context.generation}.command-${record.offset}`;
    const headers = traceOf(record);
    const payload = writer.writeWithoutBooks(id, detail);
    this.context.draft.addOutbox({
      topic: TOPICS.events,
      key: mainAccountId,
      value: payload,
      ...(headers ? { headers } : {}),
    });
    return { laneSequence: null, payload };
  }
}

/** Publishes the outcome again. If its block of the journal is damaged there is nothing to publish, and an alarm. */
function repeat(
  draft: BatchContext['draft'],
  mainAccountId: string,
  { payload }: KnownCommand,
  headers: Record<string, string> | undefined,
): void {
  if (payload !== null) draft.addRepeat(mainAccountId, payload, headers);
}

/** The id was used for another command, so this one is refused and moves nothing. */
function conflict(books: Books): Decision {
  const main = books.main && { ...books.main, sequence: books.main.sequence + 1 };
  return {
    kind: 'decided',
    events: [
      {
        name: 'command.rejected',
        sequence: main?.sequence ?? 0,
        subAccountId: null,
        transfers: [],
        detail: { code: 'idempotency-conflict' },
      },
    ],
    changes: onlyMain(main),
  };
}
