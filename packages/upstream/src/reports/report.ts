import { randomUUID } from 'node:crypto';
import {
  type FieldError,
  foreignId,
  MAX_MESSAGE_RECORD_BYTES,
  MAX_SHOWN_CHARACTERS,
  MESSAGE_DATA,
  MESSAGE_NAMES,
  type MessageData,
  type MessageName,
  makeCloudEvent,
  messageType,
  shownText,
  TOPICS,
} from '@subledger/contracts';
import { parsePoints, ZERO } from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka/client';
import type { SentFact } from '../feed/sent-json.js';
import { InvalidReportError } from './errors.js';

/** Only the fields that the contract names, so that the compiler finds a misspelt one. */
type Named<Data> = { readonly [Key in keyof Data as string extends Key ? never : Key]: Data[Key] };
type Fields<Name extends MessageName> = Named<MessageData<Name>>;

/**
 * A report, with the contract's field names (`MESSAGE_DATA`):
 * - `message.sent`: a message was passed to the carrier, and is charged once per message id. `paidByHold`: a hold was
 *   placed for it, so that the feed does not count it twice
 * - `message.status`: a delivery status, in any order. `id` (default: a new one) identifies repeats
 * - `message.refunded`: returns at most what was charged, once per `refundId`
 */
export type MessageReport =
  | ({ readonly type: 'message.sent'; readonly paidByHold?: boolean } & Fields<'message.sent'>)
  | ({ readonly type: 'message.status'; readonly id?: string } & Fields<'message.status'>)
  | ({ readonly type: 'message.refunded'; readonly refundId: string } & Fields<'message.refunded'>);

/** A report that is ready to be written. */
export interface PreparedReport {
  readonly report: MessageReport;
  readonly record: OutgoingRecord;
  readonly bytes: number;
  /** The sent message that counts against a limit. Undefined if a hold pays. */
  readonly sent: SentFact | undefined;
}

/** The event's id, by which a repeat is recognized. */
function idOf(report: MessageReport): string {
  if (report.type === 'message.sent') return report.messageId;
  if (report.type === 'message.refunded') return report.refundId;
  return report.id ?? randomUUID();
}

/**
 * A text that is only shown must not prevent the report of a sent message, so it is cleaned (`shownText`,
 * docs/decisions/0027).
 */
function dataOf(report: MessageReport): unknown {
  const { type: _type, ...rest } = report as unknown as Record<string, unknown>;
  const { paidByHold: _paid, refundId: _refund, id: _id, ...data } = rest;
  for (const [field, max] of Object.entries(MAX_SHOWN_CHARACTERS))
    if (typeof data[field] === 'string') data[field] = shownText(data[field], max);
  return data;
}

/**
 * Makes the record of a report.
 * @param source CloudEvents source of the reporter
 * @param time ISO 8601 instant of the report
 * @throws InvalidReportError if it breaks the contract
 */
export function prepareReport(report: MessageReport, source: string, time: string): PreparedReport {
  const schema = MESSAGE_DATA[report.type];
  if (!MESSAGE_NAMES.includes(report.type))
    throw new InvalidReportError([{ path: 'type', message: `must be one of ${MESSAGE_NAMES.join(', ')}` }]);
  const id = foreignId.safeParse(idOf(report));
  const data = schema.safeParse(dataOf(report));
  // One message per field is enough.
  const errors: FieldError[] = (data.error?.issues ?? [])
    .map(({ path, message }) => ({ path: path.join('.'), message }))
    .filter(({ path }, index, all) => all.findIndex((other) => other.path === path) === index);
  if (!id.success && report.type !== 'message.sent')
    errors.unshift({
      path: report.type === 'message.refunded' ? 'refundId' : 'id',
      message: id.error.issues[0]?.message ?? 'is not valid',
    });
  if (errors.length > 0 || !data.success || !id.success) throw new InvalidReportError(errors);
  const { mainAccountId, subAccountId, messageId } = data.data;
  const value = JSON.stringify(
    makeCloudEvent(messageType(report.type), { id: id.data, source, time, data: data.data }),
  );
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_MESSAGE_RECORD_BYTES)
    throw new InvalidReportError([
      {
        path: '',
        message: `takes ${bytes} bytes, and ${MAX_MESSAGE_RECORD_BYTES} are the most that is read`,
      },
    ]);
  const sent = () => ({
    messageId,
    mainAccountId,
    subAccountId,
    points: report.type === 'message.sent' && !report.paidByHold ? parsePoints(report.points) : ZERO,
  });
  return {
    report,
    record: { topic: TOPICS.messages, key: mainAccountId, value },
    bytes,
    sent: report.type === 'message.sent' ? sent() : undefined,
  };
}
