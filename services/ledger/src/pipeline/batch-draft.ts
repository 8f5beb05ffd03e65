import { eventType, REPEATED_HEADER, TOPICS } from '@subledger/contracts';
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
import { PayloadWriter } from '../store/payload-writer.js';
import type {
  BatchWrites,
  CommandRow,
  JournalBlock,
  JournalRow,
  LaneOffsets,
  OutboxRow,
  Owned,
  StatementRow,
  SubAccountKey,
  TransferRow,
} from '../store/rows.js';
import { ROWS_PER_STATEMENT } from '../store/write-batch.js';
import type { Cause } from '../wire/event-json.js';

/** What made an event, as its journal row has it. */
export interface EventContext {
  readonly mainAccountId: string;
  readonly cause: Cause;
  /** Broker time, ISO. */
  readonly at: string;
  readonly position: bigint | null;
  readonly headers: Record<string, string> | undefined;
}

/** Makes a limit record, from states that do not change any more. */
export type LimitSource = () => OutgoingRecord;

/** Events that are too many to keep: they are read from the journal when they are to be published. */
export interface JournalRange {
  /** Lane sequence before the first. */
  readonly after: bigint;
  /** Lane sequence of the last. */
  readonly through: bigint;
}

/** Books that are asked for once more; the lane publishes them behind the batch. */
export interface SnapshotRequest {
  readonly mainAccountId: string;
  /** With all transfers and closed statements. */
  readonly history: boolean;
  readonly cause: Cause;
  /** Of the event that answered the order: no other order of the main account has it. */
  readonly sequence: number;
  /** Broker time of the order, milliseconds since 1970. */
  readonly at: number;
}

/** What a batch has to publish once it is committed. */
export interface Publication {
  /** Events, and what the outbox holds, in lane order. */
  readonly records: readonly (OutgoingRecord | JournalRange)[];
  /** Last limit record of each sub-account that changed, by its id; written when it is its turn. */
  readonly limits: ReadonlyMap<string, LimitSource>;
  /** The cursor once this is published. */
  readonly laneSequence: bigint;
  readonly hasOutbox: boolean;
  /** Left out where nobody asks. */
  readonly snapshotRequests?: readonly SnapshotRequest[];
}

/** Collects what a batch writes and publishes; of each row only its last version. */
export class BatchDraft {
  private laneSequence: bigint;
  private readonly blocks: JournalBlock[] = [];
  private journal: JournalRow[] = [];
  private payloads: PayloadWriter;
  /** The records of the open block's events; they get their encoded values when it closes. */
  private eventRecords: OutgoingRecord[] = [];
  private readonly transfers: TransferRow[] = [];
  private readonly mains = new Map<string, MainAccount>();
  private readonly subs = new Map<string, Owned<SubAccount>>();
  private readonly holds = new Map<string, Owned<Hold>>();
  private readonly charges = new Map<string, Owned<Charge>>();
  private readonly refunds: Owned<Refund>[] = [];
  private readonly references: Owned<BookedReference>[] = [];
  private readonly commands: CommandRow[] = [];
  private readonly statements = new Map<string, StatementRow>();
  private readonly tombstones: SubAccountKey[] = [];
  private readonly outbox: OutboxRow[] = [];
  private readonly records: OutgoingRecord[] = [];
  private readonly snapshotRequests: SnapshotRequest[] = [];
  private readonly tombstoned = new Map<string, LimitSource>();

  /** @param expectedEvents about how many there will be, for the first buffer's size */
  constructor(
    private readonly laneSequenceBefore: bigint,
    expectedEvents: number,
  ) {
    this.laneSequence = laneSequenceBefore;
    this.payloads = new PayloadWriter(expectedEvents);
  }

  /** A journal row, its transfers, and the record that publishes it. */
  addEvent(event: DomainEvent, payload: string, context: EventContext): void {
    const { mainAccountId, headers } = context;
    this.journal.push(this.journalRow(event, context));
    this.payloads.append(payload);
    const record: OutgoingRecord = { topic: TOPICS.events, key: mainAccountId, value: null };
    this.eventRecords.push(record);
    this.publish(record, headers);
    if (this.journal.length === ROWS_PER_STATEMENT) this.closeBlock();
  }

  /** New versions of rows. Ids contain no space, so that a space separates them in keys. */
  addChanges(mainAccountId: string, changes: Changes, at: string): void {
    if (changes.main) this.mains.set(mainAccountId, changes.main);
    for (const row of changes.subAccounts)
      this.subs.set(`${mainAccountId} ${row.id}`, { mainAccountId, at, row });
    for (const row of changes.holds)
      this.holds.set(`${mainAccountId} ${row.messageId}`, { mainAccountId, at, row });
    for (const row of changes.charges) {
      this.charges.set(`${mainAccountId} ${row.messageId}`, { mainAccountId, at, row });
    }
    for (const row of changes.refunds) this.refunds.push({ mainAccountId, at, row });
    for (const row of changes.references) this.references.push({ mainAccountId, at, row });
    for (const { subAccountId, closing } of changes.statements) {
      this.statement({ mainAccountId, subAccountId }, closing.period, at).closing = closing;
    }
    for (const late of changes.lateEntries) {
      const row = this.statement({ mainAccountId, subAccountId: late.subAccountId }, late.period, at);
      row.lateUsed = (row.lateUsed + late.used) as Points;
      row.lateRefunded = (row.lateRefunded + late.refunded) as Points;
      row.lateReturned = (row.lateReturned + late.returned) as Points;
    }
  }

  /** The limit record of a deleted sub-account becomes a tombstone. */
  addTombstone(key: SubAccountKey): void {
    this.tombstones.push(key);
    const record: OutgoingRecord = { topic: TOPICS.limits, key: key.subAccountId, value: null };
    this.addToOutbox(record);
    // Published as the sub-account's last limit record, not among the events: a record of an earlier batch that is
    // still waiting would follow those, and bring the key back.
    this.tombstoned.set(key.subAccountId, () => record);
  }

  addCommand(row: CommandRow): void {
    this.commands.push(row);
  }

  /** Something that no journal row keeps between commit and publishing. */
  addOutbox(record: OutgoingRecord): void {
    this.addToOutbox(record);
    this.records.push(record);
  }

  private addToOutbox({ topic, key, value, headers }: OutgoingRecord): void {
    this.laneSequence += 1n;
    this.outbox.push({ laneSequence: this.laneSequence, topic, key, value, headers: headers ?? {} });
  }

  /** An earlier event once more; it is in the journal already, and who asked for it asks again if it gets lost. */
  addRepeat(mainAccountId: string, payload: string, headers: Record<string, string> | undefined): void {
    const marked = { ...headers, [REPEATED_HEADER]: 'true' };
    this.publish({ topic: TOPICS.events, key: mainAccountId, value: payload }, marked);
  }

  addSnapshotRequest(snapshotRequest: SnapshotRequest): void {
    this.snapshotRequests.push(snapshotRequest);
  }

  finish(offsets: LaneOffsets): BatchWrites {
    this.closeBlock();
    return {
      offsets,
      laneSequenceBefore: this.laneSequenceBefore,
      laneSequence: this.laneSequence,
      journal: this.blocks,
      transfers: this.transfers,
      // Sorted, so that the rows of the books are locked in one order whoever writes them (a lane's stale owner
      // waits at the lane's row before; an operator's repair or a later version may not), and neighbours in the
      // primary key are written together.
      mainAccounts: [...this.mains.values()].sort((a, b) => compare(a.id, b.id)),
      subAccounts: [...this.subs.values()].sort(
        (a, b) => compare(a.mainAccountId, b.mainAccountId) || compare(a.row.id, b.row.id),
      ),
      holds: [...this.holds.values()],
      charges: [...this.charges.values()],
      refunds: this.refunds,
      references: this.references,
      commands: this.commands,
      statements: [...this.statements.values()],
      tombstones: this.tombstones,
      outbox: this.outbox,
    };
  }

  toPublication(limits: ReadonlyMap<string, LimitSource>): Publication {
    return {
      records: this.records,
      limits: this.tombstoned.size === 0 ? limits : new Map([...limits, ...this.tombstoned]),
      laneSequence: this.laneSequence,
      hasOutbox: this.outbox.length > 0,
      snapshotRequests: this.snapshotRequests,
    };
  }

  /** The batch's one row of a statement: a close and what came late for it in the same batch are written together. */
  private statement(key: SubAccountKey, period: string, at: string): StatementRow {
    const id = `${key.mainAccountId} ${key.subAccountId} ${period}`;
    let row = this.statements.get(id);
    if (!row) {
      row = { ...key, period, closing: null, lateUsed: ZERO, lateRefunded: ZERO, lateReturned: ZERO, at };
      this.statements.set(id, row);
    }
    return row;
  }

  /** A journal row under the next lane sequence, and the transfers that it explains. */
  private journalRow(event: DomainEvent, { mainAccountId, cause, at, position }: EventContext): JournalRow {
    this.laneSequence += 1n;
    for (const transfer of event.transfers) {
      this.transfers.push({ mainAccountId, eventSequence: event.sequence, at, transfer });
    }
    return {
      mainAccountId,
      sequence: event.sequence,
      laneSequence: this.laneSequence,
      type: eventType(event.name),
      at,
      causeKind: cause.kind,
      causeId: cause.id,
      position,
    };
  }

  /** Closes a block: its payloads are encoded, and its records publish the same bytes. */
  private closeBlock(): void {
    if (this.journal.length === 0) return;
    this.payloads.parts().forEach((part, index) => {
      (this.eventRecords[index] as OutgoingRecord).value = part;
    });
    this.blocks.push({ rows: this.journal, payloads: this.payloads.whole });
    this.journal = [];
    this.eventRecords = [];
    this.payloads = new PayloadWriter(0);
  }

  private publish(record: OutgoingRecord, headers: Record<string, string> | undefined): void {
    if (headers) record.headers = headers;
    this.records.push(record);
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
