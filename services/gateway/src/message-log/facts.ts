import {
  MAX_MESSAGE_RECORD_BYTES,
  MAX_SEGMENTS,
  MAX_SHOWN_CHARACTERS,
  MESSAGE_READERS,
  messageType,
  type ReadData,
  type Reading,
  readRecordJson,
  refused,
  SKIPPED,
  shownText,
  Unreadable,
  valid,
} from '@subledger/contracts';
import { parsePoints, sentAtProblem } from '@subledger/core';
import type { KafkaRecord } from '@subledger/kafka';
import { type Delivery, deliveryOf } from './delivery.js';

/** Position of a fact's record in `sms.messages.v1`. */
export interface Source {
  readonly partition: number;
  readonly offset: bigint;
}

interface OfMessage {
  readonly mainAccountId: string;
  readonly messageId: string;
  readonly source: Source;
}

export interface SentFact extends OfMessage {
  readonly kind: 'sent';
  readonly subAccountId: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  readonly sender: string;
  readonly recipient: string;
  readonly content: string;
  readonly segments: number;
  readonly millipoints: bigint;
}
export interface StatusFact extends OfMessage {
  readonly kind: 'status';
  readonly delivery: Delivery;
}
export interface RefundFact extends OfMessage {
  readonly kind: 'refund';
  readonly refundId: string;
  /** The requested amount. */
  readonly millipoints: bigint;
}
export type Fact = SentFact | StatusFact | RefundFact;

/**
 * Reads a record of `sms.messages.v1`. Invalid facts are skipped: the ledger reads the same records with the same
 * schemas, and dead-letters them, including batches that cannot be decoded. Only invalid statuses, which the ledger
 * does not read, are refused here. Fields that are only shown are cleaned, so that every charged message has a line
 * in the log (docs/decisions/0027). It never quotes the record, which may contain a message's content.
 */
export function readFact(record: KafkaRecord): Reading<Fact> {
  const json = readRecordJson(record, { maxBytes: MAX_MESSAGE_RECORD_BYTES }) as
    | { type?: unknown }
    | null
    | Unreadable;
  if (json instanceof Unreadable)
    return json.reason === 'duplicate-keys' ? duplicateKeys(record, json) : SKIPPED;
  const contract = typeof json?.type === 'string' ? MESSAGE_READERS.get(json.type) : undefined;
  if (!contract) return SKIPPED;
  const isStatus = contract.name === 'message.status';
  const parsed = contract.schema.safeParse(json);
  if (!parsed.success) {
    if (!isStatus) return SKIPPED;
    const detail = parsed.error.issues
      .slice(0, 10)
      .map((issue) => `${issue.path.map(String).join('.') || '(whole)'} ${issue.message}`)
      .join('; ');
    return refused('invalid-data', detail);
  }
  const { id, data } = parsed.data;
  if (record.key !== data.mainAccountId) {
    return isStatus ? refused('wrong-key', 'the key is not data.mainAccountId') : SKIPPED;
  }
  const source = { partition: record.partition, offset: record.offset };
  if (contract.name === 'message.sent') {
    const sent = toSent(data as ReadData<'message.sent'>, source, record.timestampMs);
    return sent === undefined ? SKIPPED : valid(sent);
  }
  if (contract.name === 'message.status') return valid(toStatus(data as ReadData<'message.status'>, source));
  return valid(toRefund(id as string, data as ReadData<'message.refunded'>, source));
}

/** No other consumer dead-letters a status. */
function duplicateKeys(record: KafkaRecord, unreadable: Unreadable): Reading<Fact> {
  const json = JSON.parse(String(record.value)) as { type?: unknown } | null;
  const isStatus = json?.type === messageType('message.status');
  return isStatus ? unreadable.refused : SKIPPED;
}

/** Years that every clock, driver and spreadsheet can read. Times outside are replaced by the nearest end. */
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);
const timeOf = (instant: string): number => Math.min(Math.max(Date.parse(instant), EARLIEST), LATEST);

/**
 * The ledger dead-letters a message from too far in the future or the past by the same rule, and does not charge it.
 */
function toSent(data: ReadData<'message.sent'>, source: Source, brokerAt: number): SentFact | undefined {
  const sentAt = Date.parse(data.sentAt);
  if (sentAtProblem(sentAt, brokerAt) !== null) return undefined;
  const { mainAccountId, messageId, subAccountId, segments } = data;
  return {
    kind: 'sent',
    mainAccountId,
    messageId,
    source,
    subAccountId,
    sentAt,
    sender: shown(data, 'sender'),
    recipient: shown(data, 'recipient'),
    content: shown(data, 'content'),
    segments: isSegments(segments) ? segments : 0,
    millipoints: parsePoints(data.points),
  };
}

type ShownField = keyof typeof MAX_SHOWN_CHARACTERS;
const shown = (data: Record<string, unknown>, field: ShownField): string =>
  shownText(data[field], MAX_SHOWN_CHARACTERS[field]);
/** Undefined if the status does not have the field. */
const shownIfThere = (data: Record<string, unknown>, field: ShownField): string | undefined =>
  data[field] === undefined || data[field] === null ? undefined : shown(data, field);

const isSegments = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_SEGMENTS;

function toStatus(data: ReadData<'message.status'>, source: Source): StatusFact {
  const { mainAccountId, messageId, status } = data;
  const delivery = deliveryOf({
    status,
    at: timeOf(data.at),
    shortlinkStatus: shownIfThere(data, 'shortlinkStatus'),
    shortlinkUrl: shownIfThere(data, 'shortlinkUrl'),
  });
  return { kind: 'status', mainAccountId, messageId, source, delivery };
}

function toRefund(refundId: string, data: ReadData<'message.refunded'>, source: Source): RefundFact {
  const { mainAccountId, messageId, points } = data;
  return { kind: 'refund', mainAccountId, messageId, source, refundId, millipoints: parsePoints(points) };
}
