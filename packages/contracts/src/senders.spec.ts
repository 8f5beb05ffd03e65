import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { COUNTRIES, maySendAs, readSender, toE164, writingsOf } from './senders.js';

const FORBIDDEN = '+815000000002';

describe('a number is one number however it is written', () => {
  test.each<[string, string]>([
    ['E.164', '+815000000002'],
    ['without the plus', '815000000002'],
    ['national', '05000000002'],
    ['national without its zero', '5000000002'],
    ['blanks', '+81 50 0000 0002'],
    ['a blank at the front', ' 815000000002'],
    ['hyphens', '050-0000-0002'],
    ['00 for the plus', '00815000000002'],
    ['00 and blanks', '0081 50 0000 0002'],
    ['the way abroad from Japan', '010 81 50 0000 0002'],
    ['the national zero after the country code', '+81 (0)50-0000-0002'],
    ['the same without brackets', '+8105000000002'],
    ['full-width digits', '０５００００００００２'],
    ['full-width, with a plus', '＋８１５００００００００２'],
    ['the long mark for a hyphen', '０５０ー００００ー０００２'],
    ['half-width long mark', '050ｰ0000ｰ0002'],
    ['an en dash, a minus sign', '050–0000−0002'],
    ['dots and slashes', '050.0000/0002'],
    ['ideographic blank', '050\u30000000\u30000002'],
    ['no-break blank', '050\u00a00000\u00a00002'],
    ['zero-width marks', '\u200b050\u200d0000\u20600002\ufeff'],
    ['direction marks', '\u202a+815000000002\u202c'],
    ['a soft hyphen', '050\u00ad00000002'],
    ['a tab and a line break', '\t05000000002\n'],
    ['Arabic digits', '٠٥٠٠٠٠٠٠٠٠٢'],
  ])('%s', (_how, text) => {
    expect(readSender(text, 'JP')).toEqual({ kind: 'number', number: FORBIDDEN });
    expect(maySendAs(text, 'JP', (number) => number === FORBIDDEN)).toBe(true);
    expect(maySendAs(text, 'JP', () => false)).toBe(false);
  });

  test.each<[string, string, string]>([
    ['2025550123', 'US', '+12025550123'],
    ['12025550123', 'US', '+12025550123'],
    ['12025550123', 'JP', '+12025550123'],
    ['05000000002', 'JP', FORBIDDEN],
    ['815000000002', 'US', FORBIDDEN],
    ['00815000000002', 'DE', FORBIDDEN],
    ['030 123456', 'DE', '+4930123456'],
  ])('%s of a customer in %s is %s', (text, country, number) => {
    expect(toE164(text, country)).toBe(number);
  });

  it.each([
    ['00000000', 'IM'],
    ['0000000000', 'JO'],
  ])('%s in %s is no number: each reading of it would be another one', (text, country) => {
    expect(toE164(text, country)).toBeUndefined();
  });

  it('is not changed by reading it again, in any country', () => {
    const written = fc.stringMatching(/^[+0]?[0-9][0-9 -]{5,18}$/);
    fc.assert(
      fc.property(
        written,
        fc.constantFrom(...COUNTRIES),
        fc.constantFrom(...COUNTRIES),
        (text, one, other) => {
          const number = toE164(text, one);
          if (number !== undefined) expect(toE164(number, other)).toBe(number);
        },
      ),
    );
  });
});

describe('other senders', () => {
  test.each<[string, 'name' | 'short-code' | 'unreadable']>([
    ['KITA', 'name'],
    ['Kita Clinic', 'name'],
    ['北クリニック', 'name'],
    ['ＫＩＴＡ２４', 'name'],
    ['SALE-2026', 'name'],
    ['tel:+815000000002', 'unreadable'],
    ['+815000000002x', 'unreadable'],
    ['+81 50-0000-0002 ext. 5', 'unreadable'],
    ['２１０６１', 'short-code'],
    ['110', 'short-code'],
    ['++815000000002', 'unreadable'],
    ['+0815000000002', 'unreadable'],
    ['+81+5000000002', 'unreadable'],
    ['+81501234567890123456', 'unreadable'],
    ['०५००००००००२', 'unreadable'],
    ['0'.repeat(64), 'unreadable'],
    ['!!!', 'unreadable'],
    ['\u200b', 'unreadable'],
    ['', 'unreadable'],
  ])('%j is %s', (text, kind) => {
    expect(readSender(text, 'JP').kind).toBe(kind);
    // Names and short codes need no permission; nobody has one for what cannot be read.
    expect(maySendAs(text, 'JP', () => false)).toBe(kind !== 'unreadable');
  });

  it('never throw', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 64 }),
        fc.constantFrom('JP', 'US', 'ZZ'),
        (text, country) => {
          const sender = readSender(text, country);
          if (sender.kind === 'number') expect(sender.number).toMatch(/^\+[1-9]\d{1,14}$/);
        },
      ),
    );
  });
});

test('a number is looked for as it may have been written', () => {
  const all = ['+819000000001', '819000000001', '00819000000001', '09000000001'];
  for (const asked of [...all, '090-0000-0001', '０９００００００００１']) {
    expect(writingsOf(asked, 'JP')).toEqual(expect.arrayContaining(all));
  }
  expect(writingsOf('(202) 555-0123', 'US')).toEqual(
    expect.arrayContaining(['+12025550123', '2025550123', '(202) 555-0123']),
  );
  expect(writingsOf('12345', 'JP')).toEqual(['12345']);
});
