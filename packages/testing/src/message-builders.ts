import {
  type CloudEvent,
  type MessageData,
  type MessageName,
  makeCloudEvent,
  messageType,
  TOPICS,
} from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';
import { type EnvelopeFields, envelopeFields } from './command-builders.js';
import { newMessageId } from './ids.js';

/** The accounts that a message belongs to; everything else has defaults. */
export interface MessageOf {
  readonly mainAccountId: string;
  readonly subAccountId: string;
}
type MessageEvent<Name extends MessageName> = CloudEvent<`subledger.${Name}.v1`, MessageData<Name>>;
type Given<Name extends MessageName> = MessageOf & Partial<MessageData<Name>>;

/** Numbers and names that belong to nobody: 000 in the middle is not given out. */
export const FICTITIOUS_SENDER = 'TestSender';
export const FICTITIOUS_RECIPIENT = '+819000000001';

/** A message of 1 point that was sent now, unless said otherwise. Its record's id is its message id. */
export function messageSent(
  given: Given<'message.sent'>,
  fields: EnvelopeFields = {},
): MessageEvent<'message.sent'> {
  const messageId = given.messageId ?? newMessageId();
  const filled = envelopeFields({ id: messageId, ...fields });
  const data = {
    messageId,
    sentAt: filled.time,
    sender: FICTITIOUS_SENDER,
    recipient: FICTITIOUS_RECIPIENT,
    content: 'ご予約の確認です。',
    segments: 1,
    points: '1',
    ...given,
  };
  return makeCloudEvent(messageType('message.sent'), { ...filled, data });
}

/** A delivery status; default: delivered, now. */
export function messageStatus(
  given: Given<'message.status'> & { readonly messageId: string },
  fields: EnvelopeFields = {},
): MessageEvent<'message.status'> {
  const filled = envelopeFields(fields);
  const data = { status: 'MESSAGE_DELIVERY_COMPLETE' as const, at: filled.time, ...given };
  return makeCloudEvent(messageType('message.status'), { ...filled, data });
}

/** A refund; its CloudEvents id is the refund id. */
export function messageRefunded(
  given: Given<'message.refunded'> & { readonly messageId: string; readonly points: string },
  fields: EnvelopeFields = {},
): MessageEvent<'message.refunded'> {
  const filled = envelopeFields({ id: `refund-${given.messageId}`, ...fields });
  return makeCloudEvent(messageType('message.refunded'), {
    ...filled,
    data: { reason: 'not delivered', ...given },
  });
}

/** The record that carries a message's event: its key is the main account. */
export function messageRecord(event: CloudEvent<string, MessageOf>): OutgoingRecord {
  return { topic: TOPICS.messages, key: event.data.mainAccountId, value: JSON.stringify(event) };
}
