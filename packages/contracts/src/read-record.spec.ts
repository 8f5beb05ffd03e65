import { describe, expect, test } from '@jest/globals';
import { readRecordJson, Unreadable } from './read-record.js';

const read = (value: string | null, more: object = {}, options: object = {}) =>
  readRecordJson(
    { value: value === null ? null : Buffer.from(value), ...more },
    { maxBytes: 20, ...options },
  );

describe('readRecordJson', () => {
  test.each([
    [
      'a batch that cannot be decoded, whatever its bytes are',
      '{}',
      { undecodable: { detail: 'crc' } },
      'undecodable-batch',
    ],
    ['no value', null, {}, 'empty'],
    ['an empty value', '', {}, 'empty'],
    ['one byte too many', `"${'x'.repeat(19)}"`, {}, 'oversized'],
    ['a text that is no JSON', '{"secret', {}, 'malformed-json'],
    ['a key twice', '{"a":1,"a":2}', {}, 'duplicate-keys'],
  ])('%s', (_what, value, more, reason) => {
    const found = read(value, more);
    expect(found).toBeInstanceOf(Unreadable);
    expect((found as Unreadable).refused).toMatchObject({ kind: 'refused', reason });
    expect((found as Unreadable).detail).not.toContain('secret');
  });

  test('gives JSON of any shape, and with another parser what that gives', () => {
    expect(read('null')).toBeNull();
    expect(read(`"${'x'.repeat(18)}"`)).toHaveLength(18);
    expect(read('{"a":1,"a":2}', {}, { parse: JSON.parse })).toEqual({ a: 2 });
  });
});
