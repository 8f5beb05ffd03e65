import {
  type CommandName,
  commandType,
  DEFAULT_MAX_MESSAGE_POINTS,
  DEFAULT_MAX_SUB_ACCOUNTS,
  isFollowUp,
  messageType,
  REPEATED_HEADER,
  type RejectionCode,
  rollCommandId,
  TOPICS,
} from '@subledger/contracts';
import {
  Books,
  type Changes,
  type Command,
  type DomainEvent,
  decide,
  type Input,
  isRollDue,
  type LedgerPolicy,
  nextPeriod,
  onlyMain,
  type PeriodClosing,
  type PeriodStatement,
  requestsRoll,
  wholePoints,
  ZERO,
} from '@subledger/core';
import {
  BatchConsumer,
  type KafkaConfig,
  type KafkaRecord,
  type OutgoingRecord,
  RecordProducer,
} from '@subledger/kafka';
import {
  type Cause,
  causeOfExpiry,
  EventWriter,
  type ParsedCommand,
  parseRecord,
  type StoredStatement,
  type StoredTransfer,
  snapshotParts,
} from '@subledger/wire';

/** A command that arrived. Repeats are counted, too. */
export interface SeenCommand {
  readonly id: string;
  readonly name: CommandName;
  readonly mainAccountId: string;
  /** As it was sent. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a suite wants a command to be refused with, as on the wire. */
export interface Refusal {
  readonly code: RejectionCode;
  readonly [field: string]: unknown;
}

interface Account {
  readonly books: Books;
  readonly generation: number;
  readonly transfers: readonly StoredTransfer[];
  readonly statements: readonly StoredStatement[];
}

interface Answer {
  readonly contentHash: string;
  readonly json: string;
}

const POLICY: LedgerPolicy = {
  maxSubAccounts: DEFAULT_MAX_SUB_ACCOUNTS,
  maxMessagePoints: wholePoints(DEFAULT_MAX_MESSAGE_POINTS),
  allowEarlyRoll: true,
};

/**
 * A ledger for the suites of the other services. It decides with the core and writes with `packages/wire`, as the real
 * one does, but keeps its books in memory and never crashes. A suite can make it silent, make it refuse, and restore
 * its books.
 *
 * Time stands at `at`, whatever the broker's clock says: no month starts unless a suite says so.
 */
export class CoreLedger {
  readonly seen: SeenCommand[] = [];
  /** Refusals of the next commands, by name. Each is used once. */
  readonly refusals = new Map<CommandName, Refusal>();
  /** While set, commands are read, but neither decided nor answered. */
  silent = false;
  /** Rows of a kind per `snapshot.published`, and numbers of parts that get lost. */
  readonly snapshots = { perPart: 100, lost: new Set<number>() };
  /** The time at which it decides, milliseconds since 1970. */
  at: number;
  readonly #accounts = new Map<string, Account>();
  readonly #answers = new Map<string, Answer>();
  readonly #waiting = new Map<string, KafkaRecord>();
  readonly #producer: RecordProducer;
  readonly #consumer: BatchConsumer;

  /** @param at the time at which it decides, milliseconds since 1970 */
  constructor(kafka: KafkaConfig, at: number) {
    this.at = at;
    this.#producer = new RecordProducer(kafka);
    this.#consumer = new BatchConsumer(kafka, {
      groupId: `${kafka.topicPrefix}core-ledger`,
      topics: [TOPICS.commands],
      fromBeginning: true,
      commit: 'after-batch',
      onBatch: async ({ records }) => {
        for (const record of records) await this.#take(record);
      },
    });
  }

  start(): Promise<void> {
    return this.#consumer.start();
  }

  async stop(): Promise<void> {
    await this.#consumer.stop();
    await this.#producer.close();
  }

  /** Writes raw values to the events topic. Parts of snapshots go through it, so a suite can replace it. */
  async publish(mainAccountId: string, ...values: string[]): Promise<void> {
    await this.#producer.send(values.map((value) => eventRecord(mainAccountId, value)));
  }

  /** Answers commands that came while it was silent, in one send, so that readers get the answers in one batch. */
  async answerTogether(ids: readonly string[]): Promise<void> {
    await this.#producer.send(ids.flatMap((id) => this.#answer(this.#waiting.get(id) as KafkaRecord)));
  }

  /** The outcome of a command as JSON, or undefined before it was answered. */
  answerTo(mainAccountId: string, commandId: string): string | undefined {
    return this.#answers.get(`${mainAccountId} ${commandId}`)?.json;
  }

  /** Decides inputs that no command brings. Publishes the events, and returns them as JSON. */
  async decide(...inputs: readonly Input[]): Promise<string[]> {
    const published = inputs.flatMap((input) =>
      this.decideUnseen(input).map((json) => eventRecord(input.mainAccountId, json)),
    );
    await this.#producer.send(published);
    return published.map(({ value }) => String(value));
  }

  /** Decides an input, and publishes nothing. Returns its events as JSON. */
  decideUnseen(input: Input): string[] {
    return this.#decide(input, this.#causeOf(input)).map(({ json }) => json);
  }

  /** The core's books of a main account. */
  booksOf(mainAccountId: string): Books {
    return this.#account(mainAccountId).books;
  }

  /** Deletes its books of a main account. */
  forget(mainAccountId: string): void {
    this.#accounts.delete(mainAccountId);
  }

  /** Keeps the books of a main account as they are now. Call what it returns to restore them, in a new generation. */
  backUp(mainAccountId: string): () => void {
    const { books, ...lists } = this.#account(mainAccountId);
    const copy = copyOf(books);
    return () => {
      const generation = this.#account(mainAccountId).generation + 1;
      this.#accounts.set(mainAccountId, { ...lists, books: copyOf(copy), generation });
    };
  }

  async #take(record: KafkaRecord): Promise<void> {
    const command = commandOf(record);
    const { mainAccountId, name } = command.input;
    const { data } = JSON.parse(String(record.value)) as { data: Record<string, unknown> };
    this.seen.push({ id: command.id, name, mainAccountId, data });
    this.#waiting.set(command.id, record);
    if (this.silent) return;
    const [answer, ...rest] = this.#answer(record);
    const parts = name === 'snapshot.request' ? this.#snapshot(command) : [];
    await this.#producer.send([...(answer ? [answer] : []), ...rest]);
    await this.publish(mainAccountId, ...parts);
  }

  /** The same answer again for a repeat, or a refusal if the id has other content. */
  #answer(record: KafkaRecord): OutgoingRecord[] {
    const { id, type, contentHash, input } = commandOf(record);
    const { mainAccountId } = input;
    const cause: Cause = { kind: 'command', id, type };
    const key = `${mainAccountId} ${id}`;
    const before = this.#answers.get(key);
    const rolled = this.#rollDue({ ...input, at: this.at }, before !== undefined);
    if (before?.contentHash === contentHash)
      return [
        ...rolled,
        { ...eventRecord(mainAccountId, before.json), headers: { [REPEATED_HEADER]: 'true' } },
      ];
    const conflict = before && ({ code: 'idempotency-conflict' } as const);
    const refusal = conflict ?? this.refusals.get(input.name);
    if (!conflict) this.refusals.delete(input.name);
    const events = refusal
      ? [this.#refuse(mainAccountId, cause, refusal)]
      : this.#decide({ ...input, at: this.at }, cause);
    const json = events.find(({ name }) => !isFollowUp(name))?.json;
    if (json !== undefined && !conflict) this.#answers.set(key, { contentHash, json });
    return [...rolled, ...events.map((event) => eventRecord(mainAccountId, event.json))];
  }

  /** Rolls the months that are due before a command, as the ledger does. */
  #rollDue(command: Command, isRepeat: boolean): OutgoingRecord[] {
    const { mainAccountId, at } = command;
    const books = this.#accounts.get(mainAccountId)?.books;
    const rolled: string[] = [];
    while (books && isRollDue(books, at) && !requestsRoll(books, command, isRepeat))
      rolled.push(...this.decideUnseen({ kind: 'clock', mainAccountId, at }));
    return rolled.map((json) => eventRecord(mainAccountId, json));
  }

  #decide(input: Input, cause: Cause): { name: DomainEvent['name']; json: string }[] {
    const { mainAccountId, at } = input;
    const account = this.#accounts.get(mainAccountId) ?? emptyAccount();
    const { books } = account;
    const decision = decide(books, input, POLICY);
    if (decision.kind !== 'decided') return [];
    const { changes, events } = decision;
    books.apply(changes);
    if (!books.main) {
      const writer = new EventWriter(mainAccountId, null, 0, cause, at);
      return events.map(({ name, detail }) => ({
        name,
        json: writer.writeWithoutBooks(`ev-${cause.id}`, detail),
      }));
    }
    this.#accounts.set(mainAccountId, {
      ...account,
      transfers: [...account.transfers, ...changes.transfers.map((transfer) => ({ ...transfer, at }))],
      statements: withLate([...account.statements, ...changes.statements.map(statementAt(at))], changes, at),
    });
    const writer = new EventWriter(mainAccountId, books.main, account.generation, cause, at);
    return events.map((event) => {
      const { name, subAccountId } = event;
      const sub = subAccountId === null ? null : (books.subAccounts.get(subAccountId) ?? null);
      return { name, json: writer.write(event, sub) };
    });
  }

  #refuse(
    mainAccountId: string,
    cause: Cause,
    refusal: Refusal,
  ): { name: DomainEvent['name']; json: string } {
    const account = this.#accounts.get(mainAccountId);
    const name = 'command.rejected';
    const main = account?.books.main ?? null;
    const writer = (sequence: number) =>
      new EventWriter(mainAccountId, main && { ...main, sequence }, account?.generation ?? 0, cause, this.at);
    if (!account || !main) return { name, json: writer(0).writeWithoutBooks(`ev-${cause.id}`, refusal) };
    const sequence = main.sequence + 1;
    account.books.apply(onlyMain({ ...main, sequence }));
    const event = { name, sequence, subAccountId: null, transfers: [], detail: refusal };
    return { name, json: writer(sequence).write(event as unknown as DomainEvent, null) };
  }

  /** The snapshot of a main account in parts, as JSON, without the lost parts. */
  #snapshot({ id, type, input }: ParsedCommand): string[] {
    const account = this.#accounts.get(input.mainAccountId);
    const main = account?.books.main;
    if (!account || !main) return [];
    const { perPart, lost } = this.snapshots;
    const hasHistory = input.name === 'snapshot.request' && input.data.history;
    const subs = [...account.books.subAccounts.values()];
    const { transfers, statements } = hasHistory ? account : { transfers: [], statements: [] };
    const count = Math.max(
      1,
      ...[subs, transfers, statements].map(({ length }) => Math.ceil(length / perPart)),
    );
    return Array.from({ length: count }, (_, index) => index + 1)
      .filter((part) => !lost.has(part))
      .map((part) => {
        const own = <Row>(rows: readonly Row[]) => rows.slice((part - 1) * perPart, part * perPart);
        const record = snapshotParts({
          main,
          generation: account.generation,
          cause: { kind: 'command', id, type },
          order: main.sequence,
          at: this.at,
          part,
          isLast: part === count,
          subAccounts: own(subs),
          lines: own(transfers),
          statements: own(statements),
        });
        return String(record.value);
      });
  }

  #causeOf(input: Input): Cause {
    const { kind, mainAccountId, at } = input;
    if (kind === 'clock') {
      const period = nextPeriod(this.booksOf(mainAccountId).main?.period ?? '');
      return { kind, id: rollCommandId(mainAccountId, period), type: commandType('period.roll') };
    }
    if (kind === 'hold.expired') return causeOfExpiry(input.messageId);
    if (kind === 'command') return { kind, id: `${input.name}-${at}`, type: commandType(input.name) };
    const id = kind === 'message.sent' ? input.messageId : input.refundId;
    return { kind: 'message', id, type: messageType(kind) };
  }

  #account(mainAccountId: string): Account {
    const account = this.#accounts.get(mainAccountId);
    if (!account) throw new Error(`the ledger of this suite has no ${mainAccountId}`);
    return account;
  }
}

const eventRecord = (mainAccountId: string, value: string): OutgoingRecord => ({
  topic: TOPICS.events,
  key: mainAccountId,
  value,
});

const emptyAccount = (): Account => ({ books: new Books(), generation: 0, transfers: [], statements: [] });

/** @throws Error if the record is not a valid command: a service sent something that the real ledger would refuse */
function commandOf(record: KafkaRecord): ParsedCommand {
  const parsed = parseRecord(record);
  if (parsed.kind === 'command') return parsed;
  throw new Error(`not a command: ${parsed.kind === 'refused' ? parsed.detail : parsed.kind}`);
}

/** The core replaces rows and never changes one, so that copies of the lists are enough. */
function copyOf(books: Books): Books {
  const copy = new Books(books.main, books.subAccounts.values());
  for (const kind of ['holds', 'charges', 'refunds', 'references'] as const) {
    const rows: Map<string, unknown> = copy[kind];
    for (const [id, row] of books[kind]) rows.set(id, row);
  }
  return copy;
}

const NO_LATE = { lateUsed: ZERO, lateRefunded: ZERO, lateReturned: ZERO };
const statementAt =
  (at: number) =>
  (statement: PeriodStatement): StoredStatement => ({ ...statement, ...NO_LATE, at });

/** A statement of a month without any use of its own, for late amounts only. */
const emptyClosing = (period: string): PeriodClosing => ({
  period,
  opening: ZERO,
  limit: ZERO,
  boost: ZERO,
  granted: ZERO,
  used: ZERO,
  overage: ZERO,
  held: ZERO,
  returned: ZERO,
});

/** Adds amounts that came after the close to their statements. */
function withLate(
  statements: readonly StoredStatement[],
  { lateEntries }: Changes,
  at: number,
): StoredStatement[] {
  const all = [...statements];
  for (const { subAccountId, period, used, refunded, returned } of lateEntries) {
    const found = all.findIndex((one) => one.subAccountId === subAccountId && one.closing.period === period);
    const before = all[found] ?? { subAccountId, closing: emptyClosing(period), ...NO_LATE, at };
    const after = {
      ...before,
      lateUsed: (before.lateUsed + used) as typeof used,
      lateRefunded: (before.lateRefunded + refunded) as typeof used,
      lateReturned: (before.lateReturned + returned) as typeof used,
    };
    all.splice(found < 0 ? all.length : found, 1, after);
  }
  return all;
}
