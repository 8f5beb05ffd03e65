import { REPEATED_HEADER, TOPICS } from '@subledger/contracts';
import type {
  BookedReference,
  Changes,
  Charge,
  DomainEvent,
  Hold,
  MainAccount,
  Points,
  Refund,
  SubAccount,
} from '@subledger/core';
import { ZERO } from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka';
import { BLOCK_EVENTS, type Cause, type JournalBlock } from '@subledger/wire';
import { PayloadWriter } from '../store/payload-writer.js';
import type {
  BatchWrites,
  CommandRow,
  LaneOffsets,
  OutboxRow,
  Owned,
  StatementRow,
  SubAccountKey,
  TransferRow,
} from '../store/rows.js';

/** Length of `YYYY-MM` in an ISO instant. */
const MONTH = 7;

/** What all events of a decision share. */
export interface EventContext {
  readonly mainAccountId: string;
  /** Broker time, ISO. */
  readonly at: string;
  readonly headers: Record<string, string> | undefined;
}

/** Makes a limit record later, from states that no longer change. */
export type LimitSource = () => OutgoingRecord;

/** Events that are too many to keep in memory. Publishing reads them from the journal. */
export interface JournalRange {
  /** Lane sequence before the first. */
  readonly after: bigint;
  /** Lane sequence of the last. */
  readonly through: bigint;
}

/** A requested snapshot. The lane publishes it after the batch. */
export interface SnapshotRequest {
  readonly mainAccountId: string;
  /** With all transfers and closed statements. */
  readonly history: boolean;
  readonly cause: Cause;
  /** Sequence of the event that answered the request. No other request of the main account has it. */
  readonly sequence: number;
  /** Broker time of the request, in milliseconds since 1970. */
  readonly at: number;
}

/** What to publish after the commit of a batch. */
export interface Publication {
  /** Events and outbox rows, in lane order. */
  readonly records: readonly (OutgoingRecord | JournalRange)[];
  /** The last limit record of each changed sub-account, by its id. It is written when it is published. */
  readonly limits: ReadonlyMap<string, LimitSource>;
  /** The cursor after publishing. */
  readonly laneSequence: bigint;
  readonly hasOutbox: boolean;
  /** Absent if there was no request. */
  readonly snapshotRequests?: readonly SnapshotRequest[];
}

/** Collects what a batch writes and publishes. Of each row it keeps only the last version. */
export class BatchDraft {
  #laneSequence: bigint;
  readonly #blocks: JournalBlock[] = [];
  /** First event of the open block. */
  #first: { readonly sequence: bigint; readonly at: string } | undefined;
  #payloads: PayloadWriter;
  /** The records of the open block's events. They get their values when the block closes. */
  #eventRecords: OutgoingRecord[] = [];
  readonly #transfers: TransferRow[] = [];
  readonly #mains = new Map<string, MainAccount>();
  readonly #subs = new Map<string, Owned<SubAccount>>();
  readonly #holds = new Map<string, Owned<Hold>>();
  readonly #charges = new Map<string, Owned<Charge>>();
  readonly #refunds: Owned<Refund>[] = [];
  readonly #references: Owned<BookedReference>[] = [];
  readonly #commands: CommandRow[] = [];
  readonly #statements = new Map<string, StatementRow>();
  readonly #tombstones: SubAccountKey[] = [];
  readonly #outbox: OutboxRow[] = [];
  readonly #records: OutgoingRecord[] = [];
  readonly #snapshotRequests: SnapshotRequest[] = [];
  readonly #tombstoned = new Map<string, LimitSource>();

  /** @param expectedEvents estimated number, for the size of the first buffer */
  constructor(
    private readonly laneSequenceBefore: bigint,
    expectedEvents: number,
  ) {
    this.#laneSequence = laneSequenceBefore;
    this.#payloads = new PayloadWriter(expectedEvents);
  }

  /**
   * Adds an event, its transfers, and the record that publishes it.
   * @returns its lane sequence
   */
  addEvent(event: DomainEvent, payload: string, context: EventContext): bigint {
    const { mainAccountId, at, headers } = context;
    if (!this.#fits(at)) this.#closeBlock();
    this.#laneSequence += 1n;
    this.#first ??= { sequence: this.#laneSequence, at };
    for (const transfer of event.transfers) {
      this.#transfers.push({ mainAccountId, eventSequence: event.sequence, at, transfer });
    }
    this.#payloads.append(payload);
    const record: OutgoingRecord = { topic: TOPICS.events, key: mainAccountId, value: null };
    this.#eventRecords.push(record);
    this.#publish(record, headers);
    return this.#laneSequence;
  }

  /** Whether the next event fits into the open block: lane sequences follow, and a month (UTC) has its own blocks. */
  #fits(at: string): boolean {
    const { count } = this.#payloads;
    if (!this.#first || count === 0) return true;
    const { sequence, at: firstAt } = this.#first;
    const follows = this.#laneSequence === sequence + BigInt(count) - 1n;
    return follows && count < BLOCK_EVENTS && firstAt.slice(0, MONTH) === at.slice(0, MONTH);
  }

  /** Adds new versions of rows. Ids contain no space, so a space separates them in keys. */
  addChanges(mainAccountId: string, changes: Changes, at: string): void {
    if (changes.main) this.#mains.set(mainAccountId, changes.main);
    for (const row of changes.subAccounts)
      this.#subs.set(`${mainAccountId} ${row.id}`, { mainAccountId, at, row });
    for (const row of changes.holds)
      this.#holds.set(`${mainAccountId} ${row.messageId}`, { mainAccountId, at, row });
    for (const row of changes.charges) {
      this.#charges.set(`${mainAccountId} ${row.messageId}`, { mainAccountId, at, row });
    }
    for (const row of changes.refunds) this.#refunds.push({ mainAccountId, at, row });
    for (const row of changes.references) this.#references.push({ mainAccountId, at, row });
    for (const { subAccountId, closing } of changes.statements) {
      this.#statement({ mainAccountId, subAccountId }, closing.period, at).closing = closing;
    }
    for (const late of changes.lateEntries) {
      const row = this.#statement({ mainAccountId, subAccountId: late.subAccountId }, late.period, at);
      row.lateUsed = (row.lateUsed + late.used) as Points;
      row.lateRefunded = (row.lateRefunded + late.refunded) as Points;
      row.lateReturned = (row.lateReturned + late.returned) as Points;
    }
  }

  /** Replaces the limit record of a deleted sub-account by a tombstone. */
  addTombstone(key: SubAccountKey): void {
    this.#tombstones.push(key);
    const record: OutgoingRecord = { topic: TOPICS.limits, key: key.subAccountId, value: null };
    this.#addToOutbox(record);
    // Published as the sub-account's last limit record, not with the events: a waiting record of an earlier batch
    // would follow the events and bring the key back.
    this.#tombstoned.set(key.subAccountId, () => record);
  }

  addCommand(row: CommandRow): void {
    this.#commands.push(row);
  }

  /** Adds a record that is not in the journal, so that the outbox keeps it between commit and publishing. */
  addOutbox(record: OutgoingRecord): void {
    this.#addToOutbox(record);
    this.#records.push(record);
  }

  #addToOutbox({ topic, key, value, headers }: OutgoingRecord): void {
    this.#laneSequence += 1n;
    this.#outbox.push({ laneSequence: this.#laneSequence, topic, key, value, headers: headers ?? {} });
  }

  /** Publishes an earlier event again. It is already in the journal. If it gets lost, its requester asks again. */
  addRepeat(mainAccountId: string, payload: string, headers: Record<string, string> | undefined): void {
    const marked = { ...headers, [REPEATED_HEADER]: 'true' };
    this.#publish({ topic: TOPICS.events, key: mainAccountId, value: payload }, marked);
  }

  addSnapshotRequest(snapshotRequest: SnapshotRequest): void {
    this.#snapshotRequests.push(snapshotRequest);
  }

  finish(offsets: LaneOffsets): BatchWrites {
    this.#closeBlock();
    return {
      offsets,
      laneSequenceBefore: this.laneSequenceBefore,
      laneSequence: this.#laneSequence,
      journal: this.#blocks,
      transfers: this.#transfers,
      // Sorted, so that all writers lock rows of the books in one order (a lane's outdated owner waits at the lane's
      // row, but an operator's repair or a later version may not), and neighbours in the primary key are written
      // together.
      mainAccounts: [...this.#mains.values()].sort((a, b) => compare(a.id, b.id)),
      subAccounts: [...this.#subs.values()].sort(
        (a, b) => compare(a.mainAccountId, b.mainAccountId) || compare(a.row.id, b.row.id),
      ),
      holds: [...this.#holds.values()],
      charges: [...this.#charges.values()],
      refunds: this.#refunds,
      references: this.#references,
      commands: this.#commands,
      statements: [...this.#statements.values()],
      tombstones: this.#tombstones,
      outbox: this.#outbox,
    };
  }

  toPublication(limits: ReadonlyMap<string, LimitSource>): Publication {
    return {
      records: this.#records,
      limits: this.#tombstoned.size === 0 ? limits : new Map([...limits, ...this.#tombstoned]),
      laneSequence: this.#laneSequence,
      hasOutbox: this.#outbox.length > 0,
      snapshotRequests: this.#snapshotRequests,
    };
  }

  /** The batch's row of a statement: a close and late amounts in the same batch are written together. */
  #statement(key: SubAccountKey, period: string, at: string): StatementRow {
    const id = `${key.mainAccountId} ${key.subAccountId} ${period}`;
    let row = this.#statements.get(id);
    if (!row) {
      row = { ...key, period, closing: null, lateUsed: ZERO, lateRefunded: ZERO, lateReturned: ZERO, at };
      this.#statements.set(id, row);
    }
    return row;
  }

  /** Closes the open block, and lets its records publish the same bytes. */
  #closeBlock(): void {
    if (!this.#first) return;
    this.#payloads.parts().forEach((part, index) => {
      (this.#eventRecords[index] as OutgoingRecord).value = part;
    });
    const { sequence, at } = this.#first;
    const lastSequence = sequence + BigInt(this.#payloads.count) - 1n;
    this.#blocks.push({ firstSequence: sequence, lastSequence, at, payloads: this.#payloads.whole });
    this.#first = undefined;
    this.#eventRecords = [];
    this.#payloads = new PayloadWriter(0);
  }

  #publish(record: OutgoingRecord, headers: Record<string, string> | undefined): void {
    if (headers) record.headers = headers;
    this.#records.push(record);
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
