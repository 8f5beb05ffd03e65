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

/** Maximum length, in characters, of each text that is only shown and decides nothing. */
export const MAX_SHOWN_CHARACTERS = {
  sender: 64,
  recipient: 64,
  content: 20_000,
  shortlinkStatus: 64,
  shortlinkUrl: 2_048,
  reason: 200,
} as const;
const shown = (name: keyof typeof MAX_SHOWN_CHARACTERS) => storableText(MAX_SHOWN_CHARACTERS[name]);
export const MAX_SEGMENTS = 1_000;

/**
 * Data of each fact on `sms.messages.v1`, by its short name. The CloudEvents type is `subledger.<name>.v1`. This is
 * what senders must write. Readers accept more: see `MESSAGE_READERS` (docs/decisions/0027).
 */
export const MESSAGE_DATA = {
  /** A message was sent. The ledger never refuses it: points beyond the limit become overage. `points` may be 0. */
  'message.sent': z.looseObject({
    ...ids,
    sentAt: instant,
    sender: shown('sender'),
    recipient: shown('recipient'),
    content: shown('content'),
    segments: z.int().min(0).max(MAX_SEGMENTS),
    points: points.refine(
      (text) => /^0(\.0{1,3})?$/.test(text) || amount.safeParse(text).success,
      'must be 0 or an amount',
    ),
  }),
  /** A delivery status. It may arrive before the message, twice, and out of order. */
  'message.status': z.looseObject({
    ...ids,
    status: z.enum(MESSAGE_STATUSES),
    at: instant,
    shortlinkStatus: shown('shortlinkStatus').optional(),
    shortlinkUrl: shown('shortlinkUrl').optional(),
  }),
  /** Returns at most what was charged. The CloudEvents id is the refund id. */
  'message.refunded': z.looseObject({ ...ids, points: amount, reason: shown('reason') }),
} as const;

export type MessageName = keyof typeof MESSAGE_DATA;
export const MESSAGE_NAMES = Object.keys(MESSAGE_DATA) as MessageName[];
export type MessageData<Name extends MessageName> = z.output<(typeof MESSAGE_DATA)[Name]>;

export const messageType = <Name extends MessageName>(name: Name): `subledger.${Name}.v1` =>
  `subledger.${name}.v1`;

/** The CloudEvents schema of each message fact, by CloudEvents type. */
export const MESSAGES = new Map(
  MESSAGE_NAMES.map((name) => [
    messageType(name) as string,
    { name, schema: cloudEvent(messageType(name), MESSAGE_DATA[name]) },
  ]),
);

/**
 * The fields that a fact must have to be accepted: those that the ledger books by, and those that the message log
 * finds its line by. The message was sent even if other fields are wrong, so no other field of the data or the
 * envelope may keep it from being charged (docs/decisions/0027). The table in the README says what each field is for.
 */
const READ_DATA = {
  'message.sent': MESSAGE_DATA['message.sent'].pick({
    messageId: true,
    mainAccountId: true,
    subAccountId: true,
    sentAt: true,
    points: true,
  }),
  'message.status': MESSAGE_DATA['message.status'].pick({
    messageId: true,
    mainAccountId: true,
    status: true,
    at: true,
  }),
  'message.refunded': MESSAGE_DATA['message.refunded'].pick({
    messageId: true,
    mainAccountId: true,
    points: true,
  }),
} as const satisfies { readonly [Name in MessageName]: z.ZodType };
/** The refund id makes a refund happen once. For the other facts `data.messageId` does that. */
const anything = z.unknown().optional();
const READ_ID = { 'message.sent': anything, 'message.status': anything, 'message.refunded': foreignId };

/** The schema by which readers accept each fact, by CloudEvents type. Other fields are kept unchecked. */
export const MESSAGE_READERS = new Map(
  MESSAGE_NAMES.map((name) => [
    messageType(name) as string,
    { name, schema: z.looseObject({ id: READ_ID[name], data: READ_DATA[name] }) },
  ]),
);
/** Data of a fact as a reader has it. */
export type ReadData<Name extends MessageName> = z.output<(typeof READ_DATA)[Name]>;

/** Replaces characters that cannot be stored or shown. */
const REPLACEMENT = '\uFFFD';

/**
 * Cleans a text that is only shown, so that it can be stored. NUL, unpaired surrogates and the end of a text that is
 * too long become U+FFFD (�). A value that is not a text becomes U+FFFD alone. A reader of � therefore knows that the
 * sender reported something else (docs/decisions/0027).
 * @param maxCharacters in UTF-16 code units
 */
export function shownText(value: unknown, maxCharacters: number): string {
  if (typeof value !== 'string') return REPLACEMENT;
  const kept =
    value.length <= maxCharacters
      ? value
      : `${value.slice(0, maxCharacters - 1).toWellFormed()}${REPLACEMENT}`;
  return kept.replaceAll('\u0000', REPLACEMENT).toWellFormed();
}
