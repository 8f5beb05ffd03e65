import type { CsvReader } from '@subledger/contracts';
import pg from 'pg';

/**
 * Invisible or blank characters: controls, no-break and ideographic blanks, zero-width and direction marks, fillers,
 * tags.
 */
const UNSEEN =
  String.raw`\s\u0001-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u2000-\u200f\u2028-\u202f` +
  String.raw`\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\U000E0000-\U000E0FFF`;
/** `= + - @`, full-width and small ones, and the minus sign. */
const FORMULA = String.raw`[-=+@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b]`;
/**
 * Characters between the digits of numbers, dates and times: separators, brackets, currencies. Ends with the hyphen.
 */
const SIGNS =
  String.raw`.,:;/%()'_+\u00a2-\u00a5\u00b0\u2019\u2030\u20a0-\u20c0\uff05\uff08\uff09\uff0b-\uff0f\uff1a\uff1b` +
  String.raw`\uff04\uffe0\uffe1\uffe5\uffe6$-`;
const WORDS = [
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?',
  'nov(?:ember)?|dec(?:ember)?|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?',
  'sat(?:urday)?|sun(?:day)?|[ap][.]?m[.]?|午[前後]|明治|大正|昭和|平成|令和',
].join('|');
/** A Japanese era by its letter: `R8.12.1`. */
const ERA = String.raw`[mtshr]\d{1,2}[./年-]`;

/** Texts that a spreadsheet takes for a formula, a truth value or an error value, with or without leading blanks. */
const FORMULA_LIKE =
  `^[${UNSEEN}]*(?:${FORMULA}` +
  `|(?:true|false)[${UNSEEN}]*$|#(?:n/a|null!|div/0!|value!|ref!|name[?]|num!))`;
/** A number, or a date or time without words. */
const NUMBER = `^[${UNSEEN}${SIGNS}]*\\d[\\detzｅ年月日時分秒円元${UNSEEN}${SIGNS}]*$`;
/** A text that may be a date or a time with words if it has a digit: only digits, their signs and their words. */
const DATE =
  `^[${UNSEEN}${SIGNS}]*(?:\\d|${WORDS}|${ERA})` +
  `(?:[\\detzｅ年月日時分秒円元${UNSEEN}${SIGNS}]|${WORDS})*$`;
/**
 * Whether the first word after digits and signs may belong to a date. A fast check: `DATE` takes several times as
 * long.
 */
const DATE_BEGINS =
  `^[\\detzｅ年月日時分秒円元${UNSEEN}${SIGNS}]*` +
  '(?:[adfjmnostw][aceopuh][bcdeglnprtuvy]|[ap][.]?m|[mtshr][0-9]|[午明大昭平令])';
/** First letters of words in dates and of truth values. */
const BEGINNINGS =
  'jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun tru fal'.split(' ');
/** Second characters of eras (`R8`), of a.m. and of am: a digit, a dot, an m. */
const SECONDS = [...'0123456789.mM'].map((sign) => sign.codePointAt(0)).join(', ');
/**
 * With this collation PostgreSQL's patterns know digits and cases of all scripts. The database's own may know only
 * ASCII.
 */
const matches = (text: string, pattern: string): string =>
  `${text} COLLATE "pg_unicode_fast" ~* ${pg.escapeLiteral(pattern)}`;

/** Kana, kanji and hangul. Most messages begin with one of them, and need no pattern. */
const [FIRST_KANA, LAST_HANGUL] = [0x3001, 0xd7a3];
/** Except the filler, and the first characters of eras and of a.m. and p.m., with which dates and times begin. */
const NOT_PLAIN = [...'\u3164令午大平明昭'].map((sign) => sign.codePointAt(0)).join(', ');
/**
 * SQL of a text as a cell of a file for spreadsheets (OWASP CSV Injection). An apostrophe is put before a text that a
 * spreadsheet would take for a formula or would change, and before a leading apostrophe. So the original texts result
 * from removing one leading apostrophe from every cell.
 *
 * Cheap tests of the first characters come first, because a pattern takes several times as long, and a row has seven
 * texts.
 *
 *
 * @param cell an expression without side effects; it occurs several times
 */
export function guarded(cell: string): string {
  const guard = `'''' || ${cell}`;
  const first = `ascii(${cell})`;
  return `CASE
    WHEN ${cell} IS NULL THEN NULL
    WHEN ${first} BETWEEN ${FIRST_KANA} AND ${LAST_HANGUL} AND ${first} NOT IN (${NOT_PLAIN}) THEN ${cell}
    WHEN ${first} IN (39, 43, 45, 61, 64) OR ${first} BETWEEN 1 AND 31 OR ${first} BETWEEN 127 AND 159 THEN ${guard}
    WHEN (${first} BETWEEN 65 AND 90 OR ${first} BETWEEN 97 AND 122)
      AND ascii(substr(${cell}, 2, 1)) NOT IN (${SECONDS})
      AND lower(left(${cell}, 3)) NOT IN (${BEGINNINGS.map((word) => `'${word}'`).join(', ')}) THEN ${cell}
    WHEN ${matches(cell, NUMBER)} THEN ${guard}
    WHEN ${matches(cell, DATE_BEGINS)} AND ${matches(cell, DATE)} AND ${matches(cell, '\\d')} THEN ${guard}
    WHEN ${first} NOT BETWEEN 48 AND 57 AND ${matches(cell, FORMULA_LIKE)} THEN ${guard}
    ELSE ${cell} END`;
}

/** SQL of a text as a cell for this kind of reader. */
export const textCell = (text: string, reader: CsvReader): string =>
  reader === 'spreadsheet' ? guarded(text) : text;
