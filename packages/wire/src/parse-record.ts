import {
  COMMANDS,
  type CommandName,
  type DeadLetterReason,
  envelope,
  foreignId,
  MAX_MESSAGE_RECORD_BYTES,
  MAX_RECORD_BYTES,
  MESSAGE_READERS,
  mainAccountId,
  type ReadData,
  readRecordJson,
  TOPICS,
  Unreadable,
} from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import type { z } from 'zod';
import { contentHash } from './content-hash.js';
import type { FieldError, ParsedRecord, RefusedRecord } from './parsed-record.js';
import { toCommand, toMessageRefunded, toMessageSent } from './to-input.js';

const OF_COMMANDS = { maxBytes: MAX_RECORD_BYTES };
const OF_MESSAGES = { maxBytes: MAX_MESSAGE_RECORD_BYTES };
const MAX_ERRORS = 10;
const MAX_DETAIL_CHARACTERS = 500;

interface ValidEnvelope {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly mainAccountId: string };
}

/**
 * Reads a record of either input topic. It checks batch, size, JSON, envelope, type, data and key, in this order. It
 * never throws because of a record's content: an unreadable record is returned as `refused`, to be dead-lettered.
 */
export function parseRecord(record: KafkaRecord): ParsedRecord {
  const json = readRecordJson(record, record.topic === TOPICS.commands ? OF_COMMANDS : OF_MESSAGES);
  if (json instanceof Unreadable) return unreadable(record, json);
  return record.topic === TOPICS.commands ? parseCommand(record, json) : parseMessage(record, json);
}

function unreadable(record: KafkaRecord, { reason, detail }: Unreadable): RefusedRecord {
  if (reason !== 'duplicate-keys') return refused(record, reason, detail);
  // Its sender may wait for an outcome, under the id that is read last, as everybody else reads it.
  return refused(record, reason, detail, JSON.parse(String(record.value)));
}

function parseCommand(record: KafkaRecord, json: unknown): ParsedRecord {
  const contract = COMMANDS.get(typeOf(json));
  if (!contract) return unknownType(record, json);
  const result = contract.schema.safeParse(json);
  if (!result.success) return invalid(record, json, result.error);
  const { id, type, data } = result.data as ValidEnvelope;
  if (record.key !== data.mainAccountId) return wrongKey(record, json);
  const name: CommandName = contract.name;
  return {
    kind: 'command',
    record,
    id,
    type,
    contentHash: contentHash(type, data),
    input: toCommand(name, data, record.timestampMs),
  };
}

/** Checks only the fields that booking needs. A message with other errors was sent too. */
function parseMessage(record: KafkaRecord, json: unknown): ParsedRecord {
  const type = typeOf(json);
  const contract = MESSAGE_READERS.get(type);
  if (!contract) return unknownType(record, json);
  // The gateway's message log reads these, and dead-letters invalid ones.
  if (contract.name === 'message.status') return { kind: 'skipped', record };
  const result = contract.schema.safeParse(json);
  if (!result.success) return invalid(record, json, result.error);
  const { id, data } = result.data;
  if (record.key !== data.mainAccountId) return wrongKey(record, json);
  const at = record.timestampMs;
  if (contract.name === 'message.sent') {
    const input = toMessageSent(data as ReadData<'message.sent'>, at);
    // The event's own id only identifies the cause of the charge.
    const cause = foreignId.safeParse(id);
    return { kind: 'message', record, id: cause.success ? cause.data : input.messageId, type, input };
  }
  const refundId = id as string;
  const input = toMessageRefunded(refundId, data as ReadData<'message.refunded'>, at);
  return { kind: 'message', record, id: refundId, type, input };
}

const typeOf = (json: unknown): string => {
  const type = (json as { type?: unknown } | null)?.type;
  return typeof type === 'string' ? type : '';
};

function unknownType(record: KafkaRecord, json: unknown): RefusedRecord {
  const result = envelope.safeParse(json);
  if (!result.success) return invalid(record, json, result.error);
  return refused(record, 'unknown-type', 'no contract on this topic has this type', json);
}

function wrongKey(record: KafkaRecord, json: unknown): RefusedRecord {
  return refused(record, 'wrong-key', 'the key is not data.mainAccountId', json);
}

/** Whether the error is inside `data` only, or in the envelope around it. */
function invalid(record: KafkaRecord, json: unknown, error: z.ZodError): RefusedRecord {
  const errors = error.issues.slice(0, MAX_ERRORS).map((issue) => ({
    path: issue.path.map(String).join('.'),
    message: issue.message,
  }));
  const inData = error.issues.every((issue) => issue.path[0] === 'data' && issue.path.length > 1);
  const detail = errors.map(({ path, message }) => `${path || '(whole)'} ${message}`).join('; ');
  return refused(record, inData ? 'invalid-data' : 'invalid-envelope', detail, json, errors);
}

function refused(
  record: KafkaRecord,
  reason: DeadLetterReason,
  detail: string,
  json?: unknown,
  errors: readonly FieldError[] = [{ path: '', message: detail }],
): RefusedRecord {
  const command = record.topic === TOPICS.commands ? legibleCommand(record, json, errors) : null;
  return { kind: 'refused', record, reason, detail: detail.slice(0, MAX_DETAIL_CHARACTERS), command };
}

/** The sender of the command gets an outcome if the command's id and main account are readable. */
function legibleCommand(
  record: KafkaRecord,
  json: unknown,
  errors: readonly FieldError[],
): RefusedRecord['command'] {
  if (typeof json !== 'object' || json === null) return null;
  const { id, type, data } = json as { id?: unknown; type?: unknown; data?: unknown };
  const main = (data as { mainAccountId?: unknown } | null | undefined)?.mainAccountId;
  const readId = foreignId.safeParse(id);
  const readMain = mainAccountId.safeParse(main);
  if (!readId.success || !readMain.success) return null;
  const readType = typeof type === 'string' && type.length <= 128 ? type : 'unknown';
  const hash = contentHash('unreadable', record.value?.toString('latin1') ?? null);
  return { id: readId.data, type: readType, mainAccountId: readMain.data, contentHash: hash, errors };
}
