import { describe, expect, it } from '@jest/globals';
import { limitRecord, profileRecord } from '@subledger/contracts';
import { parsePoints } from '@subledger/core';
import fc from 'fast-check';
import { isLimitRecord, parseLimit, readWritten } from './limit-json.js';
import { toStored } from './points-column.js';
import { isProfileRecord } from './profile-json.js';
import { limitValue, profileValue } from './records.fixture.js';

/** Values that are nearly right, for any field. */
const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    ...[
      '',
      '0',
      '-0',
      '00',
      '1.',
      '.1',
      '1.2345',
      '-1.2',
      '1e3',
      '9999999999999999.999',
      '10000000000000000',
      '1\n',
    ],
    ...['sa_', 'sa_-a', 'sa_a', 'ma_a', `sa_${'a'.repeat(64)}`, `sa_${'a'.repeat(65)}`, 'sa_é', 'sa_a\n'],
    ...['2026-13', '2026-00', '0000-01', '2026-1', 'active', 'ACTIVE', '+81', '+0123', '+1234567890123456'],
    ...['2026-02-29T00:00:00Z', '2024-02-29T24:00:00Z', '2026-11-24T00:00Z', '2026-11-24T00:00:00+09:00'],
    ...[-1, 0, 1, 1.5, 2 ** 53, Number.MAX_SAFE_INTEGER, null, true, [], {}],
    { topic: 'sms.messages.v1', partition: 0, offset: '007' },
    { topic: 1, partition: 0, offset: '1' },
    { topic: 't', partition: -1, offset: '1' },
    { topic: 't', partition: 1, offset: '' },
    { topic: 't', partition: 1, offset: 1 },
    ['+811', '+811'],
    ['+811', '+812'],
    Array.from({ length: 101 }, (_, index) => `+1${index + 10}`),
  ),
);
/** A record of which some fields are replaced or left out. */
const spoiled = (good: Record<string, unknown>) =>
  fc
    .dictionary(fc.constantFrom(...Object.keys(good), 'extra'), fc.option(odd, { nil: undefined }), {
      maxKeys: 2,
    })
    .map((changes) => JSON.parse(JSON.stringify({ ...good, ...changes })) as Record<string, unknown>);

describe('the fast checks', () => {
  it('of a limit record take just what its schema takes', () => {
    fc.assert(
      fc.property(spoiled(limitValue()), (value) => {
        expect([isLimitRecord(value), value]).toEqual([limitRecord.safeParse(value).success, value]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('read what the ledger writes to the very record', () => {
    const amount = fc.constantFrom('0', '1', '12.5', '-3.125', '1000000000');
    const position = fc.option(
      fc.record({ topic: fc.constant('sms.messages.v1'), partition: fc.nat(), offset: fc.nat().map(String) }),
    );
    const written = fc.record({ remaining: amount, used: amount, generation: fc.nat(), position });
    fc.assert(
      fc.property(written, (given) => {
        const value = limitValue(given);
        expect(readWritten(JSON.stringify(value))).toEqual(value);
      }),
    );
  });

  it('of a text with something else in it take just what the schema takes', () => {
    const text = JSON.stringify(
      limitValue({ position: { topic: 'sms.messages.v1', partition: 1, offset: '12' } }),
    );
    const change = fc.tuple(
      fc.nat(text.length),
      fc.nat(2),
      fc.constantFrom('', '0', '-', '.', '"', ',', '}', 'a', ' ', 'é', '\\'),
    );
    fc.assert(
      fc.property(change, ([from, length, by]) => {
        const changed = Buffer.from(text.slice(0, from) + by + text.slice(from + length));
        let right: unknown;
        try {
          right = limitRecord.safeParse(JSON.parse(changed.toString())).data;
        } catch {
          right = undefined;
        }
        expect([changed.toString(), parseLimit(changed)]).toEqual([changed.toString(), right]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('of a profile take just what its schema takes', () => {
    fc.assert(
      fc.property(spoiled(profileValue()), (value) => {
        expect([isProfileRecord(value), value]).toEqual([profileRecord.safeParse(value).success, value]);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(['', 'null', '[]', '{', '1', '"x"', '{}', '\u0000'])('%j is no record', (text) => {
    expect(parseLimit(Buffer.from(text))).toBeUndefined();
  });
});

describe('amounts', () => {
  it('are stored as the core reads them', () => {
    const amount = fc
      .tuple(
        fc.boolean(),
        fc.bigInt(0n, 10n ** 15n),
        fc.option(fc.stringMatching(/^\d{1,3}$/), { nil: undefined }),
      )
      .map(([minus, whole, part]) => `${minus ? '-' : ''}${whole}${part === undefined ? '' : `.${part}`}`);
    fc.assert(fc.property(amount, (text) => expect(toStored(text)).toBe(parsePoints(text))));
  });

  it('beyond 64 bits become the largest there is', () => {
    expect(toStored('9999999999999999.999')).toBe(2n ** 63n - 1n);
    expect(toStored('-9999999999999999.999')).toBe(-(2n ** 63n));
  });
});
