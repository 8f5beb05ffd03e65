import {
  type CountryCode,
  getCountries,
  isSupportedCountry,
  parseDigits,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/min';

/**
 * The sender of a message, classified. Holds, registered numbers, profiles and the SDK all use this one
 * classification, so that a number is the same number however it is written (docs/decisions/0031).
 *
 * - `number`: must be registered and allowed. `number` is its E.164 form, the only form that is ever compared
 * - `name`: an alphanumeric sender. At least one letter and at most six digits, so that it cannot contain a number
 * - `short-code`: up to six digits that are not a number of the country
 * - `unreadable`: none of these, so it may never be used
 *
 * Names and short codes are not registered with us, and need no permission.
 */
export type Sender =
  | { readonly kind: 'number'; readonly number: string }
  | { readonly kind: 'name' | 'short-code' | 'unreadable' };

const NAME: Sender = { kind: 'name' };
const SHORT_CODE: Sender = { kind: 'short-code' };
const UNREADABLE: Sender = { kind: 'unreadable' };

export const E164 = /^\+[1-9]\d{1,14}$/;
const MAX_SHORT_DIGITS = 6;
/**
 * Characters that never belong to a number: zero-width and direction marks, soft hyphen, byte order mark, fillers,
 * combining marks.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{M}\u115f\u1160\u3164]/gu;
/**
 * Separators between digits: blanks, every hyphen and dash, the katakana long mark that is typed for one, dots,
 * slashes, brackets.
 */
const SEPARATORS = /[\s\p{Zs}\p{Pd}\u2212\u30fc\u30fb\u301c.,/()[\]~_·]/gu;
const DIGIT = /\p{Nd}/gu;

/** ISO 3166 codes of the countries whose numbers can be read. */
export const COUNTRIES: readonly string[] = getCountries();

/**
 * Classifies a sender (docs/decisions/0031). Never throws: a text that is not a sender is `unreadable`.
 * @param country ISO 3166-1 alpha-2 code of the main account, whose numbers may be written without a country code
 */
export function readSender(text: string, country: string): Sender {
  const bare = text.normalize('NFKC').replace(INVISIBLE, '').replace(SEPARATORS, '');
  // Arabic digits are digits of a number too. The library knows no digits of other scripts.
  const digits = bare.replace(DIGIT, (digit) => parseDigits(digit) || digit);
  if (/\p{L}/u.test(digits)) {
    return (digits.match(DIGIT)?.length ?? 0) <= MAX_SHORT_DIGITS ? NAME : UNREADABLE;
  }
  if (!/^\+?\d{1,64}$/.test(digits)) return UNREADABLE;
  return digits.startsWith('+') ? toSender(international(digits)) : withoutPlus(digits, country);
}

/** Tries in this order: `00` and a country code, a number of the country, a country code alone, a short code. */
function withoutPlus(digits: string, country: string): Sender {
  const dialled = digits.startsWith('00') ? international(`+${digits.slice(2)}`) : undefined;
  if (dialled?.isValid()) return toSender(dialled);
  const national = isSupportedCountry(country)
    ? parsePhoneNumberFromString(digits, { defaultCountry: country as CountryCode, extract: false })
    : undefined;
  if (national?.isValid()) return toSender(national);
  const whole = international(`+${digits}`);
  if (whole?.isValid()) return toSender(whole);
  return digits.length <= MAX_SHORT_DIGITS ? SHORT_CODE : toSender(national);
}

const international = (text: string) => parsePhoneNumberFromString(text, { extract: false });

function toSender(parsed: { readonly number: string } | undefined): Sender {
  if (parsed === undefined || !E164.test(parsed.number)) return UNREADABLE;
  const { number } = parsed;
  // Of an impossible number such as +44 00000000 the library takes one more leading zero off each time that it reads it.
  return international(number)?.number === number ? { kind: 'number', number } : UNREADABLE;
}

/**
 * Whether a sub-account may use this sender (docs/decisions/0031).
 * @param country ISO 3166-1 alpha-2 code of the main account
 * @param isAllowed called with a number in E.164
 */
export function maySendAs(text: string, country: string, isAllowed: (number: string) => boolean): boolean {
  // The common case needs no parsing: the text itself is in the list.
  if (E164.test(text) && isAllowed(text)) return true;
  const sender = readSender(text, country);
  return sender.kind === 'number' ? isAllowed(sender.number) : sender.kind !== 'unreadable';
}

/**
 * A number in E.164, or undefined if the text is not a number.
 * @param country ISO 3166-1 alpha-2 code
 */
export function toE164(text: string, country: string): string | undefined {
  const sender = readSender(text, country);
  return sender.kind === 'number' ? sender.number : undefined;
}

/**
 * All forms in which the log may hold a recipient, as the SMS service wrote it: the given text, E.164, E.164 without
 * its plus, national.
 * @param country ISO 3166-1 alpha-2 code
 */
export function writingsOf(text: string, country: string): string[] {
  const number = toE164(text, country);
  const parsed = number === undefined ? undefined : international(number);
  const isOwn = parsed !== undefined && parsed.country === country;
  return [
    ...new Set([
      text,
      text.normalize('NFKC'),
      ...(number === undefined ? [] : [number, number.slice(1), `00${number.slice(1)}`]),
      ...(isOwn ? [parseDigits(parsed.formatNational())] : []),
    ]),
  ];
}
