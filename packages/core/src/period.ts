import { Temporal } from 'temporal-polyfill';

/** A calendar month `YYYY-MM` in a main account's time zone; sorts as text. */
export type Period = string;
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/**
 * Checks that a text is a period, `YYYY-MM`.
 * @throws RangeError if it is not
 */
export function parsePeriod(text: string): Period {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new RangeError(`not a period: ${JSON.stringify(text)}`);
  return text;
}

const shifted = (period: Period, months: number): Period =>
  Temporal.PlainYearMonth.from(parsePeriod(period)).add({ months }).toString();

/**
 * The period after this one.
 * @throws RangeError if the text is not a period
 */
export const nextPeriod = (period: Period): Period => shifted(period, 1);
/**
 * The period before this one.
 * @throws RangeError if the text is not a period
 */
export const previousPeriod = (period: Period): Period => shifted(period, -1);

/**
 * Month start: the first instant of the period in the zone. If midnight of the 1st does not exist there because of a
 * clock change, it is the first instant after it (`Temporal`, disambiguation `compatible`).
 * @param timeZone IANA name
 * @returns milliseconds since 1970
 * @throws RangeError if the period or the zone is invalid
 */
export function periodStart(period: Period, timeZone: string): EpochMs {
  const first = Temporal.PlainYearMonth.from(parsePeriod(period)).toPlainDate({ day: 1 });
  return first.toZonedDateTime({ timeZone }).epochMilliseconds;
}

/**
 * The first instant of a date (`2026-12-01`) in the zone.
 * @param timeZone IANA name
 * @returns milliseconds since 1970
 * @throws RangeError if the date or the zone is invalid
 */
export const dayStart = (date: string, timeZone: string): EpochMs =>
  Temporal.PlainDate.from(date).toZonedDateTime({ timeZone }).epochMilliseconds;

/**
 * The period that contains an instant.
 * @param at milliseconds since 1970
 * @param timeZone IANA name
 * @throws RangeError if the zone is invalid
 */
export function periodAt(at: EpochMs, timeZone: string): Period {
  return Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toPlainYearMonth()
    .toString();
}
