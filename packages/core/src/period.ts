import { Temporal } from 'temporal-polyfill';

/** A calendar month `YYYY-MM` in a main account's time zone; sorts as text. */
export type Period = string;
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/**
 * Reads `YYYY-MM`.
 * @throws RangeError where the text is not a month
 */
export function parsePeriod(text: string): Period {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new RangeError(`not a period: ${JSON.stringify(text)}`);
  return text;
}

const shifted = (period: Period, months: number): Period =>
  Temporal.PlainYearMonth.from(parsePeriod(period)).add({ months }).toString();

export const nextPeriod = (period: Period): Period => shifted(period, 1);
export const previousPeriod = (period: Period): Period => shifted(period, -1);

/**
 * Month start: the first instant of the period in the zone. Where midnight of the 1st does not exist there
 * (a clock change), the first instant after it.
 */
export function periodStart(period: Period, timeZone: string): EpochMs {
  const first = Temporal.PlainYearMonth.from(parsePeriod(period)).toPlainDate({ day: 1 });
  return first.toZonedDateTime({ timeZone }).epochMilliseconds;
}

/** The first instant of a date (`2026-12-01`) in the zone. @throws RangeError for what is no date */
export const dayStart = (date: string, timeZone: string): EpochMs =>
  Temporal.PlainDate.from(date).toZonedDateTime({ timeZone }).epochMilliseconds;

/** The period that an instant falls in, in the zone. */
export function periodAt(at: EpochMs, timeZone: string): Period {
  return Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toPlainYearMonth()
    .toString();
}
