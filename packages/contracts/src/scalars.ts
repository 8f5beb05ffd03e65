import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { COUNTRIES } from './senders.js';
import { MAX_AMOUNT_POINTS, MAX_LIMIT_POINTS, MAX_PRIORITY, MIN_PRIORITY } from './vocabulary.js';

const POINTS_PATTERN = /^-?(0|[1-9]\d{0,15})(\.\d{1,3})?$/;
const digitsOf = (text: string) => text.replace('-', '').split('.')[0] ?? '0';

/** An amount of points on the wire: a decimal string with at most 3 decimals. It may be negative (`"-1.2"`). */
export const points = z
  .string()
  .regex(
    POINTS_PATTERN,
    'must be a decimal string of points with at most 3 decimals, such as "1200" or "1.2"',
  )
  .meta({
    id: 'Points',
    description: 'Points as a decimal string with at most 3 decimals',
    examples: ['1.2'],
  });

/** The refinements below as a pattern: JSON Schema readers see nothing else. */
const ABOVE_ZERO = '([1-9]\\d{0,11}(\\.\\d{1,3})?|0\\.([1-9]\\d{0,2}|0[1-9]\\d?|00[1-9]))';

/** A text that is not an amount is already reported by the pattern. */
const isBelowMaximum = (text: string) =>
  !POINTS_PATTERN.test(text) || BigInt(digitsOf(text)) < MAX_AMOUNT_POINTS;
const TOO_MUCH = `must be less than ${MAX_AMOUNT_POINTS} points`;

/** An amount to move: above 0 and below 10^12 points. */
export const amount = points
  .refine(
    (text) => !POINTS_PATTERN.test(text) || (!text.startsWith('-') && /[1-9]/.test(text)),
    'must be more than 0',
  )
  .refine(isBelowMaximum, TOO_MUCH)
  .meta({
    id: 'Amount',
    pattern: `^${ABOVE_ZERO}$`,
    description: 'Points to move: more than 0, at most 3 decimals',
    examples: ['1200'],
  });

/** A correction: any amount but 0, either sign. */
export const signedAmount = points
  .refine((text) => !POINTS_PATTERN.test(text) || /[1-9]/.test(text), 'must not be 0')
  .refine(isBelowMaximum, TOO_MUCH)
  .meta({
    id: 'SignedAmount',
    pattern: `^-?${ABOVE_ZERO}$`,
    description: 'Points to correct by: not 0, may be negative',
    examples: ['-12.5'],
  });

/** A point limit: whole points, digits only, 0 to 1,000,000,000. */
export const pointLimit = z
  .string()
  .regex(/^(0|[1-9]\d*)$/, 'must be digits only, without a sign, separators or leading zeros')
  .refine(
    (text) => !/^\d+$/.test(text) || (text.length <= 10 && BigInt(text) <= MAX_LIMIT_POINTS),
    `must be at most ${MAX_LIMIT_POINTS}`,
  )
  .meta({
    id: 'PointLimit',
    pattern: '^(0|[1-9]\\d{0,8}|1000000000)$',
    description: 'Whole points, digits only, 0 to 1,000,000,000',
    examples: ['1000'],
  });

/** A postpay credit limit, or null for unlimited. */
export const creditLimit = points
  .refine((text) => !POINTS_PATTERN.test(text) || !text.startsWith('-'), 'must not be negative')
  .refine(isBelowMaximum, TOO_MUCH)
  .meta({ pattern: '^(0|[1-9]\\d{0,11})(\\.\\d{1,3})?$' })
  .nullable()
  .meta({
    id: 'CreditLimit',
    description: 'Points that a postpay main account may go below 0; null is unlimited',
    examples: ['5000'],
  });

/** All sending stops automatically while available points are below this amount. Null: it never does. */
export const suspendBelow = points
  .refine(isBelowMaximum, TOO_MUCH)
  .nullable()
  .meta({
    id: 'SuspendBelow',
    description:
      'All sending of the main account stops while its available points (on postpay plus the credit limit) are below this; null is never',
    examples: ['0'],
  });

/** A calendar month `YYYY-MM` in the main account's time zone. */
export const period = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month such as "2026-11"')
  .meta({
    id: 'Period',
    description: 'Calendar month in the main account’s time zone',
    examples: ['2026-11'],
  });

/** Names known to be valid zones. A check costs tens of microseconds, and every event carries a name. */
const knownZones = new Set<string>();

/**
 * Names that ICU still accepts, and with it every JavaScript runtime, but that PostgreSQL and IANA no longer have.
 */
const NOT_OF_IANA = /^(SystemV\/|US\/Pacific-New$|Canada\/East-Saskatchewan$)/i;

/**
 * Whether month starts can be computed in this IANA time zone. It calls the code that computes them. `Intl` is not a
 * reliable check, because it accepts abbreviations such as `JST`, which Temporal refuses.
 */
export function isTimeZone(name: string): boolean {
  if (knownZones.has(name)) return true;
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name) || NOT_OF_IANA.test(name)) return false;
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
  } catch {
    return false;
  }
  // Bounded by the number of zones, in all their spellings by case.
  if (knownZones.size < 5_000) knownZones.add(name);
  return true;
}
export const timeZone = z
  .string()
  .refine(isTimeZone, 'must be an IANA time zone such as "Asia/Tokyo"')
  .meta({
    id: 'TimeZone',
    pattern: '^[A-Za-z][A-Za-z0-9_+\\-/]{0,63}$',
    description: 'IANA time zone',
    examples: ['Asia/Tokyo'],
  });

/** The country whose rules apply to numbers without a country code. */
export const country = z
  .enum(COUNTRIES as [string, ...string[]], 'must be an ISO 3166 country code such as "JP"')
  .meta({
    id: 'Country',
    description: 'ISO 3166 code of the country by whose rules numbers without a country code are read',
    examples: ['JP'],
  });

/**
 * Restores a `+` that a client did not URL-encode in a query: it arrives as a blank. Only for values that contain no
 * blanks.
 */
export const plusForBlank = (text: string): string => text.replaceAll(' ', '+');

/**
 * A zone that was accepted earlier and takes effect at the next month start. It is shown unchanged, even if it is no
 * longer valid.
 */
export const nextTimeZone = z
  .string()
  .nullable()
  .meta({
    description: 'Time zone that acts from the next month start on; null where none is planned',
    examples: ['Europe/Berlin'],
  });

/** An instant, ISO 8601 with `Z` or an offset. */
export const instant = z.iso.datetime({ offset: true }).meta({
  id: 'Instant',
  description: 'ISO 8601 instant with Z or an offset',
  examples: ['2026-11-23T09:00:00Z'],
});

const idPart = '[0-9A-Za-z][0-9A-Za-z_-]{0,63}';
export const mainAccountId = z
  .string()
  .regex(new RegExp(`^ma_${idPart}$`), 'must be a main account id (ma_…)')
  .meta({
    id: 'MainAccountId',
    description: 'Id of a main account',
    examples: ['ma_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f11'],
  });
export const subAccountId = z
  .string()
  .regex(new RegExp(`^sa_${idPart}$`), 'must be a sub-account id (sa_…)')
  .meta({
    id: 'SubAccountId',
    description: 'Id of a sub-account',
    examples: ['sa_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f22'],
  });

/** Text that PostgreSQL can store: no NUL, no lone surrogate. */
export const storableText = (max: number) =>
  z
    .string()
    .max(max)
    .refine(
      (text) => !text.includes('\u0000') && text.isWellFormed(),
      'must be text without NUL or broken surrogates',
    )
    .meta({ pattern: '^[^\\u0000]*$' });

/** Ids that other systems choose (command, message, refund): 1 to 128 printable ASCII characters without spaces. */
export const foreignId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable ASCII characters without spaces')
  .meta({
    id: 'ForeignId',
    description: 'Id that the sender chose: 1 to 128 printable ASCII characters without spaces',
    examples: ['msg-0001'],
  });

export const priority = z
  .int()
  .min(MIN_PRIORITY)
  .max(MAX_PRIORITY)
  .meta({
    id: 'Priority',
    description: `Funding order, ${MIN_PRIORITY} to ${MAX_PRIORITY}: lower is funded first`,
    examples: [100],
  });
