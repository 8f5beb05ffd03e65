import { z } from 'zod';
import { cloudEvent } from './envelope.js';
import { amount, foreignId, instant, mainAccountId, points, storableText, subAccountId } from './scalars.js';

export const MESSAGE_STATUSES = [
  'MESSAGE_PASSED_TO_CARRIER_FOR_DELIVERY',
  'MESSAGE_DELIVERY_COMPLETE',
  'MESSAGE_DELIVERY_FAILED',
  'MESSAGE_EXPIRED',
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

const ids = { messageId: foreignId, mainAccountId, subAccountId };

/** Data of each fact on `sms.messages.v1`, by its short name; the CloudEvents type is `subledger.<name>.v1`. */
export const MESSAGE_DATA = {
  /** A message was sent. Never refused: what the limit does not cover is overage. `points` may be 0. */
  'message.sent': z.looseObject({
    ...ids,
    sentAt: instant,
    sender: storableText(64),
    recipient: storableText(64),
    content: storableText(20_000),
    segments: z.int().min(0).max(1_000),
    points: points.refine(
      (text) => /^0(\.0{1,3})?$/.test(text) || amount.safeParse(text).success,
      'must be 0 or an amount',
    ),
  }),
  /** A delivery status; may come before the message, twice, and out of order. */
  'message.status': z.looseObject({
    ...ids,
    status: z.enum(MESSAGE_STATUSES),
    at: instant,
    shortlinkStatus: storableText(64).optional(),
    shortlinkUrl: storableText(2_048).optional(),
  }),
  /** Gives back at most what was charged. The CloudEvents id is the refund id. */
  'message.refunded': z.looseObject({ ...ids, points: amount, reason: storableText(200) }),
} as const;

export type MessageName = keyof typeof MESSAGE_DATA;
export const MESSAGE_NAMES = Object.keys(MESSAGE_DATA) as MessageName[];
export type MessageData<Name extends MessageName> = z.output<(typeof MESSAGE_DATA)[Name]>;

export const messageType = <Name extends MessageName>(name: Name): `subledger.${Name}.v1` =>
  `subledger.${name}.v1`;

/** Whole CloudEvents schema of each message fact, by CloudEvents type. */
export const MESSAGES = new Map(
  MESSAGE_NAMES.map((name) => [
    messageType(name) as string,
    { name, schema: cloudEvent(messageType(name), MESSAGE_DATA[name]) },
  ]),
);
