import { z } from 'zod';
import { MESSAGE_STATUSES } from '../messages.js';
import { foreignId, instant, period, points, storableText, subAccountId, timeZone } from '../scalars.js';
import { CSV_RULES, csvReader, listOf, nextCursor, paging, queryId, queryInstant } from './fields.js';

export const messageStatus = z.enum(MESSAGE_STATUSES).meta({
  id: 'MessageStatus',
  description: 'Delivery status, as the SMS service reports it',
  examples: ['MESSAGE_DELIVERY_COMPLETE'],
});

/** A message of the log. `usedPoints` is `points` − `refunded`, as in the ledger. */
export const messageLine = z
  .object({
    messageId: foreignId.meta({ description: 'Id that the SMS service gave it', examples: ['msg-0001'] }),
    subAccountId,
    subAccount: z.string().meta({
      description:
        'Name of the sub-account; of a deleted one its last name. Its id where it has no name here',
      examples: ['Sales1'],
    }),
    sentAt: instant.meta({ description: 'When it was sent, by the SMS service’s clock' }),
    statusUpdatedAt: instant.nullable().meta({ description: 'Time of `status`; null before the first one' }),
    deliveryEndedAt: instant.nullable().meta({
      description: 'Time of the first final status (complete, failed, expired); null while there is none',
    }),
    recipient: z.string().meta({ description: 'Number it was sent to', examples: ['+819000000001'] }),
    sender: z.string().meta({ description: 'Sender id that the recipient saw', examples: ['+815012345678'] }),
    content: z.string().meta({
      description:
        'Text of the message. � (U+FFFD), here and in other texts, stands for what was reported and cannot be stored, or for a text that was not reported',
      examples: ['ご予約の確認です。'],
    }),
    segments: z
      .int()
      .min(0)
      .meta({ description: 'SMS segments that it took', examples: [1] }),
    status: messageStatus.nullable().meta({ description: 'Latest delivery status; null before the first' }),
    points: points.meta({ description: 'Points charged for it', examples: ['1.2'] }),
    refunded: points.meta({ description: 'Points of it that came back', examples: ['0'] }),
    usedPoints: points.meta({ description: 'Charged less refunded', examples: ['1.2'] }),
    shortlinkStatus: z
      .string()
      .nullable()
      .meta({ description: 'Status of its short link, where it has one', examples: ['CLICKED'] }),
    shortlinkUrl: z
      .string()
      .nullable()
      .meta({ description: 'Its short link, where it has one', examples: ['https://s.example/a1'] }),
  })
  .meta({ id: 'MessageLine' });
export type MessageLine = z.infer<typeof messageLine>;
export const messageList = listOf('MessageList', messageLine);

/** Filters of the message log, the same for the list and the CSV. */
const filters = {
  from: queryInstant.optional().meta({
    description:
      'Only messages sent at or after this instant, or on or after this date in the main account’s zone',
    examples: ['2026-10-31T15:00:00Z'],
  }),
  to: queryInstant.optional().meta({
    description: 'Only messages sent before this instant, or before this date',
    examples: ['2026-11-30T15:00:00Z'],
  }),
  status: messageStatus.optional().meta({ description: 'Only messages whose latest status this is' }),
};
const ofSubAccount = {
  subAccount: subAccountId
    .optional()
    .meta({ description: 'Only messages of this sub-account, by its id; it may be deleted' }),
};
const one = {
  messageId: queryId.optional().meta({ description: 'Only the message with this id' }),
  // A blank before digits is a plus that was not URL-encoded.
  recipient: storableText(64)
    .min(1)
    .overwrite((text) => text.replace(/^ (?=\d)/, '+'))
    .optional()
    .meta({
      description: 'Only messages to this recipient; a number may be written in any way',
      examples: ['+819000000001'],
    }),
};

export const messageQuery = z.strictObject({ ...paging, ...filters, ...ofSubAccount, ...one });
export type MessageQuery = z.output<typeof messageQuery>;
export const ownMessageQuery = z.strictObject({ ...paging, ...filters, ...one });
export const messageCsvQuery = z.strictObject({ ...filters, ...ofSubAccount, for: csvReader });
export type MessageCsvQuery = z.output<typeof messageCsvQuery>;

/** Columns of the CSV, in this order. New columns go to the end, because readers may count columns. */
export const MESSAGE_CSV_COLUMNS = [
  'SUBACCOUNT',
  'SEND TIME',
  'LATEST STATUS UPDATED TIME',
  'DELIVERY END TIME',
  'MESSAGE ID',
  'RECIPIENT',
  'SENDER ID',
  'MESSAGE',
  'MESSAGE STATUS',
  'USED_POINTS',
  'SHORTLINK STATUS',
  'SHORTLINK URL',
  'SUBACCOUNT ID',
] as const;

export const messageCsv = z.string().meta({
  id: 'MessageCsv',
  description:
    `CSV (RFC 4180, CRLF, UTF-8 with BOM), oldest first, columns ${MESSAGE_CSV_COLUMNS.join(', ')}. Times are in the ` +
    `main account’s zone with offset. ${CSV_RULES}`,
  examples: [
    `${MESSAGE_CSV_COLUMNS.join(',')}\r\nSales1,2026-11-23 18:00:00+09:00,,,msg-0001,'+819000000001,'+815012345678,Hello,,1.2,,,sa_019aa5f1-7a3e-7cc1-9d2e-1f0a6a3b4c5d\r\n`,
  ],
});

const figures = {
  messages: z
    .int()
    .min(0)
    .meta({ description: 'Messages sent', examples: [120] }),
  points: points.meta({ description: 'Points charged for them', examples: ['144'] }),
  refunded: points.meta({ description: 'Points of them that came back', examples: ['2.4'] }),
};

/** A day lists every day of the period, including those without messages. */
const dayUsage = z
  .object({
    day: z.iso.date().meta({ description: 'Day in the main account’s time zone', examples: ['2026-11-23'] }),
    ...figures,
  })
  .meta({ id: 'DayUsage' });
const subAccountUsage = z
  .object({
    subAccountId,
    subAccount: z.string().meta({
      description: 'Its name; of a deleted one its last name, or its id where it has no name here',
      examples: ['Sales1'],
    }),
    ...figures,
  })
  .meta({ id: 'SubAccountUsage' });

const usageOf = {
  period,
  timeZone: timeZone.meta({ description: 'Zone that the days and the period are in' }),
  total: z.object(figures).meta({ id: 'UsageTotal', description: 'Of the whole period' }),
  nextCursor,
};

/** Usage of a period by the time of sending, so that it agrees with the log and the CSV. */
export const usageView = z
  .object({
    ...usageOf,
    by: z.enum(['day', 'sub-account']).meta({ description: 'What each item is of', examples: ['day'] }),
    items: z
      .array(z.union([dayUsage, subAccountUsage]))
      .meta({ description: 'Days in their order, or sub-accounts with the most points first' }),
  })
  .meta({
    id: 'Usage',
    description: '`items` are days in their order, or sub-accounts with the most points first',
  });
export type UsageView = z.infer<typeof usageView>;

/** The database's calendar has no year 0. */
const usagePeriod = period
  .refine((month) => !month.startsWith('0000'), 'must be a month such as "2026-11"')
  .optional()
  .meta({ description: 'Default: the current period of the main account', examples: ['2026-11'] });
export const usageQuery = z.strictObject({
  ...paging,
  period: usagePeriod,
  by: z
    .enum(['day', 'sub-account'])
    .default('day')
    .meta({ description: 'Days come all at once; sub-accounts in pages', examples: ['day'] }),
});
export type UsageQuery = z.output<typeof usageQuery>;
export const ownUsageQuery = z.strictObject({ period: usagePeriod });
