import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import {
  amount,
  creditLimit,
  foreignId,
  instant,
  mainAccountId,
  period,
  pointLimit,
  points,
  priority,
  signedAmount,
  storableText,
  subAccountId,
  timeZone,
} from './scalars.js';

/** One suite per scalar: what it takes (and gives back unchanged) and what it refuses. */
function table(
  name: string,
  schema: z.ZodType,
  taken: readonly unknown[],
  refused: readonly unknown[],
): void {
  describe(name, () => {
    it.each(taken.map((value) => [value]))('takes %j', (value) => {
      expect(schema.parse(value)).toEqual(value);
    });
    it.each(refused.map((value) => [value]))('refuses %j', (value) => {
      expect(schema.safeParse(value).success).toBe(false);
    });
  });
}

/** What no text of digits may be, whatever the scalar. */
const NOT_DIGITS = [
  '',
  ' ',
  ' 5',
  '5 ',
  '5\n',
  '+5',
  '007',
  '1e3',
  '0x10',
  '1,000',
  '1_000',
  '１００',
  '٣',
  'NaN',
  'Infinity',
  'five',
  5,
  5n,
  true,
  undefined,
  [],
  {},
];

table(
  'points',
  points,
  ['0', '1', '1200', '1.2', '0.001', '1.200', '-1.2', '-0.001', '9999999999999999', '9999999999999999.999'],
  [
    ...NOT_DIGITS,
    null,
    '1.',
    '.5',
    '1.2345',
    '--1',
    '- 1',
    '-007',
    '10000000000000000',
    '1.2.3',
    '−1',
    '1.２',
  ],
);

table(
  'amount',
  amount,
  ['0.001', '1', '1.2', '999999999999', '999999999999.999'],
  [
    ...NOT_DIGITS,
    null,
    '0',
    '0.0',
    '0.000',
    '-1',
    '-0.001',
    '-0',
    '1000000000000',
    '9999999999999999',
    '1.2345',
  ],
);

table(
  'signedAmount',
  signedAmount,
  ['0.001', '-0.001', '-12.5', '999999999999.999', '-999999999999.999'],
  [...NOT_DIGITS, null, '0', '-0', '0.000', '1000000000000', '-1000000000000', '1.2345'],
);

table(
  'pointLimit',
  pointLimit,
  ['0', '1', '7', '1000', '999999999', '1000000000'],
  [...NOT_DIGITS, null, '00', '-1', '-0', '1.0', '1.5', '1000000001', '9999999999', '10000000000'],
);

table(
  'creditLimit',
  creditLimit,
  [null, '0', '5000', '0.5'],
  [...NOT_DIGITS, '-1', '-0.001', '1.2345', 'unlimited'],
);

table(
  'period',
  period,
  ['2026-01', '2026-11', '2026-12', '1999-10'],
  [
    '',
    '2026-00',
    '2026-13',
    '2026-1',
    '26-11',
    '2026-11-01',
    '2026/11',
    ' 2026-11',
    '2026-11\n',
    '２０２６-11',
    202_611,
  ],
);

table(
  'timeZone',
  timeZone,
  [
    ...[
      'Asia/Tokyo',
      'America/Argentina/Buenos_Aires',
      'Europe/Lisbon',
      'Pacific/Apia',
      'Asia/Kathmandu',
      'UTC',
    ],
    ...['Japan', 'GB', 'EST', 'HST', 'CET', 'EST5EDT', 'Etc/GMT+9', 'asia/tokyo'],
  ],
  [
    // What `Intl` takes and Temporal, which month starts are computed with, refuses.
    ...[
      'ACT',
      'AET',
      'AGT',
      'ART',
      'AST',
      'BET',
      'BST',
      'CAT',
      'CNT',
      'CST',
      'CTT',
      'EAT',
      'ECT',
      'IET',
      'IST',
    ],
    ...['JST', 'MIT', 'NET', 'NST', 'PLT', 'PNT', 'PRT', 'PST', 'SST', 'VST', 'jst'],
    // What both take and PostgreSQL refuses.
    ...[
      'SystemV/PST8',
      'SystemV/AST4ADT',
      'US/Pacific-New',
      'Canada/East-Saskatchewan',
      'Factory',
      'Etc/Unknown',
    ],
    '',
    'Asia/Tokio',
    'Tokyo',
    '+09:00',
    '09:00',
    'Asia/Tokyo ',
    ' Asia/Tokyo',
    '../etc/passwd',
    'Asia/Tokyo\u0000',
    9,
    null,
  ],
);

table(
  'instant',
  instant,
  ['2026-11-23T09:00:00Z', '2026-11-23T09:00:00.123Z', '2026-11-23T18:00:00+09:00', '2028-02-29T00:00:00Z'],
  [
    '',
    '2026-11-23',
    '2026-11-23T09:00:00',
    '2026-11-23 09:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-11-23T25:00:00Z',
    'now',
    1_763_888_400_000,
  ],
);

const LONGEST = 'a'.repeat(64);
for (const [name, schema, prefix, other] of [
  ['mainAccountId', mainAccountId, 'ma', 'sa'],
  ['subAccountId', subAccountId, 'sa', 'ma'],
] as const) {
  table(
    name,
    schema,
    [`${prefix}_019a8f3e-7c1b-7d52-9f00-3b1c5d7e9f11`, `${prefix}_1`, `${prefix}_${LONGEST}`],
    [
      '',
      `${prefix}_`,
      `${prefix}_-1`,
      `${other}_1`,
      `${prefix}_${LONGEST}a`,
      `${prefix}_a b`,
      `${prefix}_a/b`,
      `${prefix}_a\n`,
      `${prefix}_あ`,
      ` ${prefix}_1`,
      1,
    ],
  );
}

table(
  'foreignId',
  foreignId,
  ['m', 'roll:ma_1:2026-12', '550e8400-e29b-41d4-a716-446655440000', '!~', 'x'.repeat(128)],
  ['', ' ', 'a b', 'a\n', 'a\u0000', 'a\u007f', 'é', '１', 'x'.repeat(129), 1, null],
);

table(
  'storableText(5)',
  storableText(5),
  ['', 'hello', '日本語です', '😀', 'a\nb\tc', '\uFFFD'],
  ['hello!', 'a\u0000b', '\u0000', '\uD800', 'a\uDC00', '\uDC00\uD800', 5, null],
);

table('priority', priority, [0, 1, 100, 1_000_000], [-1, 1_000_001, 1.5, Number.NaN, '100', null]);
