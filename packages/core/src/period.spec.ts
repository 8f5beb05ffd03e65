import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextPeriod, parsePeriod, periodAt, periodStart, previousPeriod } from './period.js';
import { instantMs } from './testing/scenario.js';

/** First instant of the month, checked against the zone's offset as tzdata has it. */
const STARTS = [
  ['2026-11', 'UTC', '2026-11-01T00:00:00Z', '+00:00'],
  ['2026-12', 'Asia/Tokyo', '2026-11-30T15:00:00Z', '+09:00'],
  ['2027-01', 'Asia/Tokyo', '2026-12-31T15:00:00Z', '+09:00 over the year'],
  ['2026-03', 'America/New_York', '2026-03-01T05:00:00Z', '−05:00, summer time begins on the 8th'],
  ['2026-04', 'America/New_York', '2026-04-01T04:00:00Z', '−04:00'],
  ['2026-11', 'America/New_York', '2026-11-01T04:00:00Z', '−04:00, summer time ends two hours later'],
  ['2026-12', 'America/New_York', '2026-12-01T05:00:00Z', '−05:00'],
  ['2026-12', 'Pacific/Kiritimati', '2026-11-30T10:00:00Z', '+14:00'],
  ['2026-12', 'Pacific/Apia', '2026-11-30T11:00:00Z', '+13:00'],
  ['2012-01', 'Pacific/Apia', '2011-12-31T10:00:00Z', '+14:00, after the day that Samoa left out'],
  ['2011-12', 'Pacific/Apia', '2011-12-01T10:00:00Z', '−10:00, before it'],
  ['2026-11', 'America/Sao_Paulo', '2026-11-01T03:00:00Z', '−03:00'],
  ['1992-11', 'America/Sao_Paulo', '1992-11-01T02:00:00Z', '−02:00, in summer time since 25 October'],
  [
    '1998-03',
    'America/Sao_Paulo',
    '1998-03-01T03:00:00Z',
    '−03:00: at midnight the clock went back, after it',
  ],
  ['2000-10', 'America/Sao_Paulo', '2000-10-01T03:00:00Z', '−03:00, eight days before summer time'],
  ['2026-05', 'Africa/Cairo', '2026-04-30T21:00:00Z', '+03:00, summer time since the last Friday of April'],
  ['2026-11', 'Africa/Cairo', '2026-10-31T22:00:00Z', '+02:00'],
  ['2010-10', 'Africa/Cairo', '2010-09-30T22:00:00Z', '+02:00: summer time ended at midnight of the 1st'],
  [
    '2026-11',
    'America/Havana',
    '2026-11-01T04:00:00Z',
    '−04:00: this day has two midnights, the first counts',
  ],
  ['2026-12', 'Asia/Kathmandu', '2026-11-30T18:15:00Z', '+05:45'],
] as const;

/** Months whose 1st had no midnight: the clock jumped from 00:00 to 01:00. */
const WITHOUT_MIDNIGHT = [
  ['1949-12', 'America/Sao_Paulo', '1949-12-01T03:00:00Z'],
  ['1966-11', 'America/Sao_Paulo', '1966-11-01T03:00:00Z'],
  ['1967-11', 'America/Sao_Paulo', '1967-11-01T03:00:00Z'],
  ['2014-08', 'Africa/Cairo', '2014-07-31T22:00:00Z'],
  ['2012-04', 'America/Havana', '2012-04-01T05:00:00Z'],
  ['1992-05', 'Asia/Beirut', '1992-04-30T22:00:00Z'],
] as const;

describe('month starts', () => {
  it.each(STARTS)('%s in %s begins at %s (%s)', (period, zone, iso, _why) => {
    expect(periodStart(period, zone)).toBe(instantMs(iso));
  });

  it.each(STARTS)('%s in %s: a millisecond before %s is the month before', (period, zone, iso, _why) => {
    const start = instantMs(iso);
    expect(periodAt(start, zone)).toBe(period);
    expect(periodAt(start + 1, zone)).toBe(period);
    expect(periodAt(start - 1, zone)).toBe(previousPeriod(period));
  });

  it.each(WITHOUT_MIDNIGHT)(
    '%s in %s begins at its first instant %s, 01:00, where midnight does not exist',
    (period, zone, iso) => {
      const start = instantMs(iso);
      expect(periodStart(period, zone)).toBe(start);
      expect([periodAt(start, zone), periodAt(start - 1, zone)]).toEqual([period, previousPeriod(period)]);
    },
  );

  const zones = [...new Set(STARTS.map(([, zone]) => zone)), 'Europe/London', 'Australia/Lord_Howe'];
  const months = fc.tuple(fc.integer({ min: 1970, max: 2100 }), fc.integer({ min: 1, max: 12 }));
  const inZone = fc.tuple(months, fc.constantFrom(...zones));
  const named = ([year, month]: readonly [number, number]) => `${year}-${`${month}`.padStart(2, '0')}`;

  it('covers time without a gap: each period ends where the next begins', () => {
    fc.assert(
      fc.property(inZone, ([month, zone]) => {
        const period = named(month);
        const [start, end] = [periodStart(period, zone), periodStart(nextPeriod(period), zone)];
        expect(end).toBeGreaterThan(start);
        expect([start, end - 1, end].map((at) => periodAt(at, zone))).toEqual([
          period,
          period,
          nextPeriod(period),
        ]);
      }),
      { numRuns: 300 },
    );
  });

  it('steps forth and back to the same month, in the order of the text', () => {
    fc.assert(
      fc.property(months, (month) => {
        const period = named(month);
        expect(previousPeriod(nextPeriod(period))).toBe(period);
        expect(nextPeriod(period) > period).toBe(true);
      }),
    );
  });
});

describe('the text of a period', () => {
  it.each(['2026-01', '2026-12', '1970-01', '9999-11'])('reads %s', (text) => {
    expect(parsePeriod(text)).toBe(text);
  });
  it.each([
    '2026-00',
    '2026-13',
    '2026-1',
    '26-01',
    '2026-01-01',
    '2026/01',
    '',
    ' 2026-01',
    '2026-01\n',
    '+2026-01',
  ])('refuses %j', (text) => {
    expect(() => parsePeriod(text)).toThrow(RangeError);
  });
  it.each([
    ['2026-12', '2027-01'],
    ['2026-01', '2026-02'],
    ['1999-12', '2000-01'],
  ])('after %s comes %s', (period, next) => {
    expect(nextPeriod(period)).toBe(next);
    expect(previousPeriod(next)).toBe(period);
  });
});
