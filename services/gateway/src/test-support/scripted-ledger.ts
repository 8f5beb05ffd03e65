import {
  COMMANDS,
  type CommandName,
  type EventName,
  eventType,
  type MainAccountState,
  makeCloudEvent,
  REPEATED_HEADER,
  type RejectionCode,
  type SnapshotStatement,
  type SnapshotTransfer,
  type SubAccountState,
  TOPICS,
  type TransferView,
} from '@subledger/contracts';
import { formatPoints, parsePoints } from '@subledger/core';
import { BatchConsumer, type KafkaConfig, RecordProducer } from '@subledger/kafka';

interface Books {
  generation: number;
  sequence: number;
  transferSequence: number;
  balance: bigint;
  state: MainAccountState;
  subs: Map<string, SubAccountState>;
  lines: SnapshotTransfer[];
  statements: SnapshotStatement[];
}
/** Additions of a suite to the books made by commands. */
export interface Amendment {
  readonly generation?: number;
  readonly sequence?: number;
  readonly state?: MainAccountState;
  readonly subs?: readonly SubAccountState[];
  readonly statements?: readonly SnapshotStatement[];
  /** Number of remaining transfers. Default: all. */
  readonly transferCount?: number;
  /** Appended after all existing transfers. */
  readonly lines?: readonly Omit<SnapshotTransfer, 'sequence'>[];
}
interface Command {
  id: string;
  type: string;
  data: Record<string, unknown> & { mainAccountId: string; subAccountId?: string };
}

/** A minimal ledger for the gateway's suites: it accepts commands, moves points, and can be made to misbehave. */
export class ScriptedLedger {
  /** Commands received, including repeats. */
  readonly seen: { id: string; name: CommandName }[] = [];
  private readonly commands = new Map<string, Command>();
  /** Refusals of the next commands, by name. */
  readonly refusals = new Map<CommandName, { code: RejectionCode; [field: string]: unknown }>();
  silent = false;
  /** Rows of a kind per `snapshot.published`, and numbers of parts that get lost. */
  readonly stating = { perPart: 100, lost: new Set<number>() };
  private readonly books = new Map<string, Books>();
  private readonly answered = new Map<string, { readonly content: string; readonly answer: string }>();
  private readonly producer: RecordProducer;
  private readonly consumer: BatchConsumer;

  constructor(kafka: KafkaConfig) {
    this.producer = new RecordProducer(kafka);
    this.consumer = new BatchConsumer(kafka, {
      groupId: `${kafka.topicPrefix}scripted-ledger`,
      topics: [TOPICS.commands],
      fromBeginning: true,
      commit: 'after-batch',
      onBatch: async ({ records }) => {
        for (const record of records) await this.onCommand(JSON.parse(String(record.value)) as Command);
      },
    });
  }

  start(): Promise<void> {
    return this.consumer.start();
  }

  async stop(): Promise<void> {
    await this.consumer.stop();
    await this.producer.close();
  }

  /** Writes raw values to the events topic. */
  async publish(mainAccountId: string, ...values: string[]): Promise<void> {
    await this.producer.send(values.map((value) => ({ topic: TOPICS.events, key: mainAccountId, value })));
  }

  /** Answers commands received while it was silent, in one send, so that readers get the answers in one batch. */
  async answerTogether(ids: readonly string[]): Promise<void> {
    const commands = ids.map((id) => this.commands.get(id) as Command);
    const answers = commands.map((command) => this.answer(command).value);
    await this.publish(commands[0]?.data.mainAccountId ?? '', ...answers);
  }

  /** The answer to a command. */
  answerTo(mainAccountId: string, commandId: string): string | undefined {
    return this.answered.get(`${mainAccountId} ${commandId}`)?.answer;
  }

  private async onCommand(command: Command): Promise<void> {
    const name = COMMANDS.get(command.type)?.name;
    if (!name) throw new Error(`Unknown command ${command.type}`);
    this.seen.push({ id: command.id, name });
    this.commands.set(command.id, command);
    if (this.silent) return;
    const answer = this.answer(command);
    const { mainAccountId } = command.data;
    const parts = name === 'snapshot.request' ? this.state(command) : [];
    await this.producer.send([{ topic: TOPICS.events, key: mainAccountId, ...answer }]);
    await this.publish(mainAccountId, ...parts);
  }

  /** Deletes the ledger's books of a main account. */
  forget(mainAccountId: string): void {
    this.books.delete(mainAccountId);
  }

  /** Applies changes that the suite's own events made to the books. */
  amend(mainAccountId: string, amendment: Amendment): void {
    const { state, subs = [], statements, transferCount, lines = [], ...position } = amendment;
    const books = this.books.get(mainAccountId) as Books;
    Object.assign(books, position);
    if (state) books.state = { ...state };
    if (transferCount !== undefined) {
      books.transferSequence = transferCount;
      books.lines.length = transferCount;
    }
    if (statements) books.statements = [...statements];
    for (const sub of subs) books.subs.set(sub.subAccountId, sub);
    for (const line of lines) {
      books.transferSequence += 1;
      books.lines.push({ ...line, sequence: books.transferSequence } as SnapshotTransfer);
    }
  }

  /** The snapshot of a main account in parts, as JSON, without the lost parts. */
  private state(command: Command): string[] {
    const books = this.books.get(command.data.mainAccountId);
    if (!books) return [];
    const { perPart, lost } = this.stating;
    const subs = [...books.subs.values()];
    const { lines, statements } = command.data.history === false ? { lines: [], statements: [] } : books;
    const most = Math.max(subs.length, lines.length, statements.length);
    const count = Math.max(1, Math.ceil(most / perPart));
    const parts = Array.from({ length: count }, (_, index) => {
      const own = <Row>(rows: readonly Row[]) => rows.slice(index * perPart, (index + 1) * perPart);
      return {
        part: index + 1,
        isLast: index + 1 === count,
        transferCount: books.transferSequence,
        subAccounts: own(subs),
        lines: own(lines),
        statements: own(statements),
      };
    });
    return parts
      .filter(({ part }) => !lost.has(part))
      .map((part) => JSON.stringify(this.event('snapshot.published', command, books, part)));
  }

  /** The same answer again for a repeat, or a refusal if the id has other content. */
  private answer(command: Command): { value: string; headers: Record<string, string> } {
    const name = COMMANDS.get(command.type)?.name as CommandName;
    const { mainAccountId } = command.data;
    const content = JSON.stringify(command.data);
    const key = `${mainAccountId} ${command.id}`;
    const before = this.answered.get(key);
    if (before && before.content !== content) {
      const refusal = { code: 'idempotency-conflict' };
      const conflict = this.event('command.rejected', command, this.books.get(mainAccountId), refusal);
      return { value: JSON.stringify(conflict), headers: {} };
    }
    const answer = before?.answer ?? JSON.stringify(this.decide(name, command));
    this.answered.set(key, { content, answer });
    return { value: answer, headers: before ? { [REPEATED_HEADER]: 'true' } : {} };
  }

  private decide(name: CommandName, command: Command) {
    const { mainAccountId } = command.data;
    const refusal = this.refusals.get(name);
    const books = this.books.get(mainAccountId);
    if (refusal || (!books && name !== 'main-account.open')) {
      this.refusals.delete(name);
      const code = refusal?.code ?? 'main-account-not-found';
      return this.event('command.rejected', command, books, { ...refusal, code });
    }
    const open = books ?? this.open(command);
    const transfers: TransferView[] = [];
    const extra = this.apply(name, command, open, transfers);
    return this.event(EVENT_OF[name] ?? 'main-account.configured', command, open, { ...extra, transfers });
  }

  private open({ data }: Command): Books {
    const state: MainAccountState = {
      plan: data.plan as 'prepay',
      timeZone: data.timeZone as string,
      creditLimit: data.creditLimit as string | null,
      fundingPolicy: data.fundingPolicy as 'full',
      feature: 'inactive',
      suspended: false,
      period: '2026-11',
      nextMonthStart: '2026-11-30T15:00:00.000Z',
      balance: '0',
      available: '0',
      allocated: '0',
      held: '0',
      purchased: '0',
      used: '0',
      activeSubAccounts: 0,
    };
    const books: Books = {
      generation: 0,
      sequence: 0,
      transferSequence: 0,
      balance: 0n,
      state,
      subs: new Map(),
      lines: [],
      statements: [],
    };
    this.books.set(data.mainAccountId, books);
    return books;
  }

  private apply(name: CommandName, { data }: Command, books: Books, transfers: TransferView[]) {
    const { state } = books;
    if (name === 'main-account.configure')
      Object.assign(state, definedOf(data, ['creditLimit', 'fundingPolicy']));
    if (name === 'main-account.suspend' || name === 'main-account.resume')
      state.suspended = name.endsWith('suspend');
    if (name === 'feature.activate' || name === 'feature.deactivate')
      state.feature = name === 'feature.activate' ? 'active' : 'inactive';
    if (name === 'plan.switch') state.plan = data.plan as 'prepay';
    if (name === 'points.purchase' || name === 'points.adjust') {
      const kind = name === 'points.purchase' ? 'purchase' : 'adjustment';
      transfers.push(
        this.move(books, kind, parsePoints(data.points as string), String(data.reference ?? data.reason)),
      );
    }
    const sub = data.subAccountId === undefined ? undefined : this.applySub(name, data, books, transfers);
    state.balance = formatPoints(books.balance);
    return {
      ...definedOf(data, ['points', 'reference', 'reason', 'plan', 'messageId', 'effective', 'history']),
      ...sub,
      ...(name === 'hold.release' ? { points: '0', reason: 'released', period: null, late: false } : {}),
    };
  }

  private applySub(name: CommandName, data: Command['data'], books: Books, transfers: TransferView[]) {
    const id = data.subAccountId as string;
    const before = books.subs.get(id);
    const sub: SubAccountState = before ? { ...before } : newSub(id, data);
    if (name === 'sub-account.open') transfers.push(this.grant(books, id, parsePoints(sub.limit)));
    if (name === 'limit.change') {
      const difference = parsePoints(data.limit as string) - parsePoints(sub.limit);
      if (difference > 0n) transfers.push(this.grant(books, id, difference));
      sub.limit = data.limit as string;
      sub.remaining = sub.limit;
    }
    if (name === 'sub-account.configure') sub.priority = data.priority as number;
    if (name === 'sub-account.pause' || name === 'sub-account.resume') sub.paused = name.endsWith('pause');
    if (name === 'sub-account.deactivate') sub.lifecycle = 'inactive';
    if (name === 'sub-account.reactivate') sub.lifecycle = 'active';
    if (name === 'sub-account.delete') sub.lifecycle = 'deleted';
    books.subs.set(id, sub);
    return {
      subAccount: sub,
      returned: '0',
      ...(name === 'sub-account.delete' ? { closed: closingOf(sub) } : {}),
      ...(name === 'hold.place' ? { expiresAt: '2026-11-23T12:00:00.000Z' } : {}),
    };
  }

  private move(
    books: Books,
    kind: 'purchase' | 'adjustment',
    points: bigint,
    reference: string,
  ): TransferView {
    books.balance += points;
    return this.transfer(books, {
      kind,
      from: 'purchased',
      to: 'main',
      points,
      subAccountId: null,
      reference,
    });
  }

  private grant(books: Books, subAccountId: string, points: bigint): TransferView {
    books.balance -= points;
    return this.transfer(books, {
      kind: 'limit-grant',
      from: 'main',
      to: 'sub',
      points,
      subAccountId,
      reference: '',
    });
  }

  private transfer(
    books: Books,
    given: Pick<TransferView, 'kind' | 'from' | 'to' | 'subAccountId' | 'reference'> & { points: bigint },
  ): TransferView {
    books.transferSequence += 1;
    const main = formatPoints(books.balance);
    const points = given.points === 0n ? '1' : formatPoints(given.points < 0n ? -given.points : given.points);
    const transfer: TransferView = {
      ...given,
      points,
      sequence: books.transferSequence,
      fromBalance: given.from === 'main' ? main : `-${points}`,
      toBalance: given.to === 'main' ? main : points,
      messageId: null,
      period: '2026-11',
    };
    books.lines.push({ ...transfer, at: new Date().toISOString() });
    return transfer;
  }

  private event(name: EventName, command: Command, books: Books | undefined, data: Record<string, unknown>) {
    if (books && name !== 'snapshot.published') books.sequence += 1;
    return makeCloudEvent(eventType(name), {
      id: `ev-${command.id}-${name}`,
      source: '/subledger/ledger',
      time: new Date().toISOString(),
      data: {
        mainAccountId: command.data.mainAccountId,
        generation: books?.generation ?? 0,
        sequence: books?.sequence ?? 0,
        at: new Date().toISOString(),
        cause: { kind: 'command', id: command.id, type: command.type },
        transfers: [],
        ...(books ? { mainAccount: { ...books.state } } : {}),
        ...data,
      },
    });
  }
}

const EVENT_OF: Partial<Record<CommandName, EventName>> = {
  'main-account.open': 'main-account.opened',
  'main-account.configure': 'main-account.configured',
  'main-account.suspend': 'main-account.suspended',
  'main-account.resume': 'main-account.resumed',
  'feature.activate': 'feature.activated',
  'feature.deactivate': 'feature.deactivated',
  'points.purchase': 'points.purchased',
  'points.adjust': 'points.adjusted',
  'plan.switch': 'plan.switched',
  'sub-account.open': 'sub-account.opened',
  'sub-account.configure': 'sub-account.configured',
  'limit.change': 'limit.changed',
  'limit.boost': 'limit.boosted',
  'sub-account.pause': 'sub-account.paused',
  'sub-account.resume': 'sub-account.resumed',
  'sub-account.deactivate': 'sub-account.deactivated',
  'sub-account.reactivate': 'sub-account.reactivated',
  'sub-account.delete': 'sub-account.deleted',
  'hold.place': 'hold.placed',
  'hold.release': 'hold.released',
  'snapshot.request': 'snapshot.requested',
};

const closingOf = ({ period, limit, boost, granted, used, overage, held, remaining }: SubAccountState) => ({
  period,
  opening: limit,
  limit,
  boost,
  granted,
  used,
  overage,
  held,
  returned: remaining,
});

function newSub(subAccountId: string, data: Command['data']): SubAccountState {
  const limit = data.limit as string;
  return {
    subAccountId,
    lifecycle: 'active',
    paused: false,
    status: 'active',
    period: '2026-11',
    limit,
    nextLimit: null,
    boost: '0',
    granted: limit,
    used: '0',
    overage: '0',
    held: '0',
    remaining: limit,
    shortfall: '0',
    priority: (data.priority as number | undefined) ?? 100,
  };
}

const definedOf = (data: Record<string, unknown>, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (data[name] === undefined ? [] : [[name, data[name]]])));
