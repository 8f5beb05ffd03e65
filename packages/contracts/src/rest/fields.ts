import { z } from 'zod';
import { foreignId, plusForBlank, storableText } from '../scalars.js';
import { E164 } from '../senders.js';

/** A main account's or API key's name: 1 to 100 characters, not only blanks. */
export const displayName = storableText(100)
  .min(1)
  .refine((text) => text === '' || text.trim() !== '', 'must not be blank')
  .meta({
    id: 'DisplayName',
    pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$',
    description: 'A name for people: 1 to 100 characters, not only blanks',
    examples: ['Kita Clinic'],
  });

/** Login of a main account's user or of an operator: unique ignoring case. */
export const login = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{2,63}$/, 'must be 3 to 64 letters, digits or . _ @ + -')
  .meta({
    id: 'Login',
    description: '3 to 64 letters, digits or . _ @ + -, unique in any case',
    examples: ['kita-clinic'],
  });

/** Password of a main account's user or of an operator. */
export const accountPassword = storableText(128)
  .min(8)
  .meta({
    id: 'AccountPassword',
    description:
      'Password of 8 to 128 characters, neither a common one nor the login; it is never shown again',
    format: 'password',
    examples: ['correct horse battery'],
  });

/** Name of a sub-account, also its login: letters and digits, unique per main account ignoring case. */
export const subAccountName = z
  .string()
  .regex(/^[A-Za-z0-9]{1,64}$/, 'must be 1 to 64 letters and digits (A-Z, a-z, 0-9)')
  .meta({
    id: 'SubAccountName',
    description:
      '1 to 64 letters and digits (A-Z, a-z, 0-9), unique per main account in any case; also its login',
    examples: ['Sales1'],
  });

export const subAccountPassword = z
  .string()
  .regex(/^[A-Za-z0-9]{8,128}$/, 'must be 8 to 128 letters and digits (A-Z, a-z, 0-9)')
  .meta({
    id: 'SubAccountPassword',
    description:
      'Password of 8 to 128 letters and digits (A-Z, a-z, 0-9), neither a common one nor the name; it is never shown again',
    format: 'password',
    examples: ['correct1horse'],
  });

/** A registered sender number in E.164. */
export const senderNumber = z
  .string()
  .regex(E164, 'must be an E.164 number such as "+815012345678"')
  .meta({
    id: 'SenderNumber',
    description: 'Registered sender number (K Premium) in E.164',
    examples: ['+815012345678'],
  });

/**
 * A sender number as people write it. The gateway converts it to E.164 by the main account's country
 * (docs/decisions/0031).
 */
export const writtenNumber = storableText(64)
  .min(1)
  .meta({
    id: 'WrittenNumber',
    description:
      'A sender number (K Premium), in E.164 or as it is written in the main account’s country; answers have it in E.164',
    examples: ['050-1234-5678'],
  });

export const MAX_SENDER_NUMBERS = 100;
export const senderNumbers = z
  .array(senderNumber)
  .max(MAX_SENDER_NUMBERS)
  .refine((list) => new Set(list).size === list.length, 'must not name a number twice')
  .meta({
    id: 'SenderNumbers',
    description: 'Sender numbers that the sub-account may send from, at most 100, each once',
    examples: [['+815012345678']],
    uniqueItems: true,
  });

export const writtenNumbers = z
  .array(writtenNumber)
  .max(MAX_SENDER_NUMBERS)
  .meta({
    id: 'WrittenNumbers',
    description:
      'Sender numbers that the sub-account may send from, at most 100, however written; one named twice counts once',
    examples: [['+815012345678']],
  });

/** The note of a transfer of points: an order number, a ticket. */
export const reference = storableText(200).meta({
  id: 'Reference',
  description:
    'What stands beside the move in the statement: an order number, a ticket; at most 200 characters',
  examples: ['INV-2026-118'],
});
export const reason = storableText(200)
  .min(1)
  .meta({
    id: 'Reason',
    description: 'Why it is corrected, 1 to 200 characters; it stands in the statement',
    examples: ['Goodwill after the outage of 11 November'],
  });

export const MAX_PAGE_SIZE = 200;
const DEFAULT_PAGE_SIZE = 50;
const digits = /^\d{1,9}$/;

/** `?limit`: rows of one page, 1 to 200. */
export const pageSize = z
  .string()
  .regex(digits, 'must be a whole number')
  .transform(Number)
  .pipe(z.int().min(1).max(MAX_PAGE_SIZE))
  .default(DEFAULT_PAGE_SIZE)
  .meta({
    id: 'PageSize',
    override: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_PAGE_SIZE,
      default: DEFAULT_PAGE_SIZE,
      description: `Rows of one page, 1 to ${MAX_PAGE_SIZE}`,
      examples: [DEFAULT_PAGE_SIZE],
      pattern: undefined,
    },
  });

/** `?cursor`: `nextCursor` of the page before. Opaque. */
export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,600}$/, 'must be the nextCursor of the page before')
  .meta({
    id: 'Cursor',
    description: 'nextCursor of the page before; opaque',
    examples: ['WyJtYWluLWFjY291bnRzIiwibWFfMDE5Il0'],
  });

export const paging = { limit: pageSize, cursor: cursor.optional() };

/** Of a page: where the next one begins. */
export const nextCursor = z
  .string()
  .nullable()
  .meta({
    description: '`cursor` of the next page; null on the last one',
    examples: ['WyJtYWluLWFjY291bnRzIiwibWFfMDE5Il0'],
  });

/** A page of a list; `nextCursor` is null on the last one. */
export function listOf<Item extends z.ZodType>(id: string, item: Item) {
  return z
    .object({
      items: z.array(item).meta({ description: 'Rows of this page, in the order of the list' }),
      nextCursor,
    })
    .meta({ id });
}

/** An id in a query that a caller chose. */
export const queryId = z
  .string()
  .overwrite(plusForBlank)
  .pipe(foreignId)
  .meta({ pattern: '^[\\x21-\\x7e]{1,128}$', examples: ['msg-0001'] });

const instantText = z.iso.datetime({ offset: true });
const dateText = z.iso.date();
/** PostgreSQL knows no year 0. */
export const FIRST_INSTANT = Date.UTC(2000, 0, 1) - 63_082_281_600_000;

/**
 * An instant of a query, or a date. A date means its first instant in the account's time zone, which only the gateway
 * knows. A blank in the text is the plus of an offset that was not URL-encoded. The result is in UTC and not before
 * the year 1, because PostgreSQL refuses offsets beyond 15:59 and earlier years. Otherwise a CSV download would break
 * off midway.
 */
export const queryInstant = z
  .string()
  .overwrite(plusForBlank)
  .refine(
    (text) => instantText.safeParse(text).success || dateText.safeParse(text).success,
    'must be an instant such as 2026-11-30T15:00:00Z or 2026-12-01T00:00:00%2B09:00, or a date such as 2026-12-01',
  )
  .transform((text) =>
    dateText.safeParse(text).success
      ? text
      : new Date(Math.max(Date.parse(text), FIRST_INSTANT)).toISOString(),
  )
  .meta({
    id: 'AskedInstant',
    override: {
      type: 'string',
      anyOf: [{ format: 'date-time' }, { format: 'date' }],
      description:
        'ISO 8601 instant with Z or an offset (write + as %2B), or a date: its first instant in the zone',
      examples: ['2026-11-30T15:00:00Z', '2026-12-01'],
    },
  });

/** The program that reads a CSV file. */
export const CSV_READERS = ['spreadsheet', 'program'] as const;
export type CsvReader = (typeof CSV_READERS)[number];
export const csvReader = z
  .enum(CSV_READERS)
  .default('spreadsheet')
  .meta({
    id: 'CsvReader',
    description:
      'spreadsheet: an apostrophe goes before each text that a spreadsheet would take for a formula or change. ' +
      'program: every text exactly as it is, without a byte order mark',
    examples: ['program'],
  });

/** Rules of every CSV file, for the OpenAPI document (RFC 4180; docs/message-log.md). */
export const CSV_RULES =
  'A text that a spreadsheet would take for a formula, a number or a date gets a leading apostrophe, and so does one ' +
  'that begins with an apostrophe: take one off, or ask with `for=program`. A transfer that is aborted is not complete.';

/** Text to look for in a name. */
export const search = storableText(64)
  .min(1)
  .meta({
    description: 'Part of the name, 1 to 64 characters; case and width of letters do not matter',
    examples: ['kita'],
  });
