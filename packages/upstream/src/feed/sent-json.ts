import { messageType } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka/client';
import { parseObject } from './limit-json.js';
import { toStored } from './points-column.js';

/** The fields of a sent message that count against a limit. */
export interface SentFact {
  readonly messageId: string;
  readonly mainAccountId: string;
  readonly subAccountId: string;
  /** Millipoints. */
  readonly points: bigint;
}

const SENT = messageType('message.sent');
const MARK = Buffer.from(SENT);
const AMOUNT = /^(0|[1-9]\d{0,11})(\.\d{1,3})?$/;

/**
 * The sent message that a record of `sms.messages.v1` reports. Undefined for all other records, including invalid
 * ones.
 */
export function parseSent({ value }: Pick<KafkaRecord, 'value'>): SentFact | undefined {
  // Most records are statuses, so skip them without parsing.
  if (value === null || !value.includes(MARK)) return undefined;
  const event = parseObject(value.toString('utf8'));
  if (event?.type !== SENT || typeof event.data !== 'object' || event.data === null) return undefined;
  const { messageId, mainAccountId, subAccountId, points } = event.data as Record<string, unknown>;
  if (typeof messageId !== 'string' || typeof mainAccountId !== 'string') return undefined;
  if (typeof subAccountId !== 'string' || typeof points !== 'string' || !AMOUNT.test(points))
    return undefined;
  return { messageId, mainAccountId, subAccountId, points: toStored(points) };
}
