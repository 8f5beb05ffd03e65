import {
  type CountryCode,
  getCountries,
  isSupportedCountry,
  parseDigits,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/min';

/**
 * What a message is sent as. The only place that tells the kinds apart: holds, registered numbers, profiles and the SDK
 * all ask it, so that one number is the same number however it is written (docs/decisions/0031).
 *
 * - `number`: must be registered and allowed; `number` is its E.164 form, the only one that is ever compared
 * - `name`: an alphanumeric sender. At least one letter, and at most six digits, so that no number hides in it
 * - `short-code`: up to six digits that are no number of the country
 * - `unreadable`: none of these, so nobody may send as it
 *
 * Names and short codes are not ours to register, and need no permission.
 */
export type Sender =
  | { readonly kind: 'number'; readonly number: string }
  | { readonly kind: 'name' | 'short-code' | 'unreadable' };

const NAME: Sender = { kind: 'name' };
const SHORT_CODE: Sender = { kind: 'short-code' };
const UNREADABLE: Sender = { kind: 'unreadable' };

export const E164 = /^\+[1-9]\d{1,14}$/;
const MAX_SHORT_DIGITS = 6;
/** Never part of a number: zero-width and direction marks, soft hyphen, byte order mark, fillers, combining marks. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{M}\u115f\u1160\u3164]/gu;
/** Between digits: blanks, every hyphen and dash, the katakana long mark that is typed for one, dots, slashes, brackets. */
const SEPARATORS = /[\s\p{Zs}\p{Pd}\u2212\u30fc\u30fb\u301c.,/()[\]~_·]/gu;
const DIGIT = /\p{Nd}/gu;

/** ISO 3166 codes of the countries whose numbers can be read. */
export const COUNTRIES: readonly string[] = getCountries();

/** @param country whose numbers may be written without a country code: the main account's */
export function readSender(text: string, country: string): Sender {
  const bare = text.normalize('NFKC').replace(INVISIBLE, '').replace(SEPARATORS, '');
  // Arabic digits are digits of a number too; of other scripts the library knows none.
  const digits = bare.replace(DIGIT, (digit) => parseDigits(digit) || digit);
  if (/\p{L}/u.test(digits)) {
    return (digits.match(DIGIT)?.length ?? 0) <= MAX_SHORT_DIGITS ? NAME : UNREADABLE;
  }
  if (!/^\+?\d{1,64}$/.test(digits)) return UNREADABLE;
  return digits.startsWith('+') ? toSender(international(digits)) : withoutPlus(digits, country);
}

/** In this order: `00` and a country code, a number of the country, a country code alone, a short code. */
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
  return parsed !== undefined && E164.test(parsed.number)
    ? { kind: 'number', number: parsed.number }
    : UNREADABLE;
}

/**
 * Whether somebody may send as this.
 * @param isAllowed asked with a number in E.164
 */
export function maySendAs(text: string, country: string, isAllowed: (number: string) => boolean): boolean {
  // The usual case, without reading anything: it is in the list as it is.
  if (E164.test(text) && isAllowed(text)) return true;
  const sender = readSender(text, country);
  return sender.kind === 'number' ? isAllowed(sender.number) : sender.kind !== 'unreadable';
}

/** A number in E.164, or undefined where the text is none. */
export function toE164(text: string, country: string): string | undefined {
  const sender = readSender(text, country);
  return sender.kind === 'number' ? sender.number : undefined;
}

/** How a recipient may stand in a log, as the SMS service wrote it: as asked for, in E.164, without its plus, nationally. */
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
