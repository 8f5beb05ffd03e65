import type { DeadLetterReason } from '@subledger/contracts';
import type { Command, MessageRefunded, MessageSent } from '@subledger/core';
import type { KafkaRecord } from '@subledger/kafka';

/** One problem of a record's field. It never contains the value. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** An unreadable command whose id and main account are readable, so that it gets an outcome. */
interface UnreadableCommand {
  readonly id: string;
  readonly type: string;
  readonly mainAccountId: string;
  /** Hash of the unreadable bytes, to which the id is bound. */
  readonly contentHash: string;
  readonly errors: readonly FieldError[];
}

export interface ParsedCommand {
  readonly kind: 'command';
  readonly record: KafkaRecord;
  /** The CloudEvents id, unique per main account. */
  readonly id: string;
  readonly type: string;
  /** Binds the id to the content, see `content-hash.ts`. */
  readonly contentHash: string;
  readonly input: Command;
}

export interface ParsedMessage {
  readonly kind: 'message';
  readonly record: KafkaRecord;
  readonly id: string;
  readonly type: string;
  readonly input: MessageSent | MessageRefunded;
}

/** A record to dead-letter. `detail` says why, without quoting the record. */
export interface RefusedRecord {
  readonly kind: 'refused';
  readonly record: KafkaRecord;
  readonly reason: DeadLetterReason;
  readonly detail: string;
  readonly command: UnreadableCommand | null;
}

/** A valid record that the ledger does not process (`message.status`). */
interface SkippedRecord {
  readonly kind: 'skipped';
  readonly record: KafkaRecord;
}

export type ParsedRecord = ParsedCommand | ParsedMessage | RefusedRecord | SkippedRecord;
