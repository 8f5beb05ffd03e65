import { describe, expect, it } from '@jest/globals';
import { nextPeriod, periodAt, periodStart } from '@subledger/core';
import { duePeriods } from './due-periods.js';

const at = (text: string) => Date.parse(text);
const text = (epochMs: number) => new Date(epochMs).toISOString().replace('.000Z', 'Z');

/** A main account that stands in `period`, as the ledger says when its next month starts. */
const previousStatesIn = (period: string, timeZone: string) => ({
  period,
  timeZone,
  nextMonthStart: periodStart(nextPeriod(period), timeZone),
});

describe('the instant of a month start', () => {
  it.each([
    // zone, period that begins, instant
    ['Asia/Tokyo', '2026-12', '2026-11-30T15:00:00Z'],
    ['Asia/Tokyo', '2027-01', '2026-12-31T15:00:00Z'],
    ['UTC', '2026-12', '2026-12-01T00:00:00Z'],
    // West of UTC: hours after it began in Tokyo.
    ['America/Los_Angeles', '2026-12', '2026-12-01T08:00:00Z'],
    ['America/St_Johns', '2026-12', '2026-12-01T03:30:00Z'],
    ['Pacific/Honolulu', '2026-12', '2026-12-01T10:00:00Z'],
    ['Pacific/Pago_Pago', '2026-12', '2026-12-01T11:00:00Z'],
    // The first in the world.
    ['Pacific/Kiritimati', '2026-12', '2026-11-30T10:00:00Z'],
    ['Asia/Kathmandu', '2026-12', '2026-11-30T18:15:00Z'],
    // Daylight saving: the same wall clock, another offset.
    ['America/New_York', '2026-11', '2026-11-01T04:00:00Z'],
    ['America/New_York', '2026-12', '2026-12-01T05:00:00Z'],
    ['Europe/London', '2026-04', '2026-03-31T23:00:00Z'],
    ['Europe/London', '2026-11', '2026-11-01T00:00:00Z'],
    ['Australia/Sydney', '2026-10', '2026-09-30T14:00:00Z'],
    ['Australia/Sydney', '2026-11', '2026-10-31T13:00:00Z'],
    // Midnight of the 1st did not exist: Asunción went from 00:00 to 01:00 on 2017-10-01.
    ['America/Asuncion', '2017-10', '2017-10-01T04:00:00Z'],
    // A year's end and a leap February.
    ['Asia/Tokyo', '2028-03', '2028-02-29T15:00:00Z'],
  ])('in %s, %s begins at %s', (timeZone, begins, instant) => {
    expect(text(periodStart(begins, timeZone))).toBe(instant);
    // A millisecond earlier it is still the month before: an alarm that fires early must find nothing due.
    expect(periodAt(at(instant) - 1, timeZone) < begins).toBe(true);
    expect(periodAt(at(instant), timeZone)).toBe(begins);
  });
});

describe('duePeriods', () => {
  it.each([
    ['a millisecond before', '2026-11-30T14:59:59.999Z', []],
    ['at the instant', '2026-11-30T15:00:00.000Z', ['2026-12']],
    ['a month later', '2026-12-31T15:00:00.000Z', ['2026-12', '2027-01']],
    ['after three months', '2027-02-10T00:00:00Z', ['2026-12', '2027-01', '2027-02']],
    ['long before (a clock that went back)', '2020-01-01T00:00:00Z', []],
  ])('%s gives %s → %j', (_name, now, periods) => {
    const due = duePeriods(previousStatesIn('2026-11', 'Asia/Tokyo'), at(now));
    expect(due.map(({ period }) => period)).toEqual(periods);
  });

  it('gives each missed month its own instant, across a change of daylight saving', () => {
    const due = duePeriods(previousStatesIn('2026-09', 'America/New_York'), at('2026-12-01T05:00:00Z'));
    expect(due.map(({ period, dueAt }) => [period, text(dueAt)])).toEqual([
      ['2026-10', '2026-10-01T04:00:00Z'],
      ['2026-11', '2026-11-01T04:00:00Z'],
      ['2026-12', '2026-12-01T05:00:00Z'],
    ]);
  });

  it('takes the first instant from the ledger: a new zone acts from the next month start', () => {
    const moved = { ...previousStatesIn('2026-11', 'Asia/Tokyo'), timeZone: 'America/Los_Angeles' };
    const due = duePeriods(moved, at('2027-01-01T08:00:00Z'));
    expect(due.map(({ period, dueAt }) => [period, text(dueAt)])).toEqual([
      ['2026-12', '2026-11-30T15:00:00Z'],
      ['2027-01', '2027-01-01T08:00:00Z'],
    ]);
  });

  it('never requests more than ten years, for any clock', () => {
    expect(duePeriods(previousStatesIn('2026-11', 'UTC'), at('9000-01-01T00:00:00Z'))).toHaveLength(120);
  });
});
