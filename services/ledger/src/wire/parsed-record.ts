import type { DeadLetterReason } from '@subledger/contracts';
import type { Command, MessageRefunded, MessageSent } from '@subledger/core';
import type { KafkaRecord } from '@subledger/kafka';

/** One problem of a record's fields; never contains the value. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** Who waits for the outcome of a command that could not be read: known where its id and main account were legible. */
interface UnreadableCommand {
  readonly id: string;
  readonly type: string;
  readonly mainAccountId: string;
  /** Of the unreadable bytes: the id stands for them from now on. */
  readonly contentHash: string;
  readonly errors: readonly FieldError[];
}

export interface ParsedCommand {
  readonly kind: 'command';
  readonly record: KafkaRecord;
  /** The CloudEvents id, unique per main account. */
  readonly id: string;
  readonly type: string;
  /** Binds the id to what was asked for, see `content-hash.ts`. */
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

/** A record that goes to the dead letters. `detail` says why without quoting the record. */
export interface RefusedRecord {
  readonly kind: 'refused';
  readonly record: KafkaRecord;
  readonly reason: DeadLetterReason;
  readonly detail: string;
  readonly command: UnreadableCommand | null;
}

/** Valid, and not the ledger's business (`message.status`). */
interface SkippedRecord {
  readonly kind: 'skipped';
  readonly record: KafkaRecord;
}

export type ParsedRecord = ParsedCommand | ParsedMessage | RefusedRecord | SkippedRecord;
