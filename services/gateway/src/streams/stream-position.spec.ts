import { describe, expect, test } from '@jest/globals';
import { decodeStreamId, encodeStreamId, sinceValues, whyNotResumed } from './stream-position.js';

const now = { table: '16412', xid: 5_000_000_000n, span: 7n, running: [0n, 3n], seconds: 1_800_000_000 };
const id = { ...now, isSuspended: true };

test('an id comes back as it went', () => {
  expect(encodeStreamId(id)).toBe('16412.5000000000.7_0_3.1800000000.1');
  expect(decodeStreamId(encodeStreamId(id))).toEqual(id);
  expect(sinceValues(now)).toEqual([705_032_704n, 7n, '{0,3}']);
});

test.each(['', 'x', '1.2.3', '1.2.0.3.2', '1.-2.0.3.0', '1.2.0.3.0\n', '99999999999.1.0.1.0', '1.2._0.3.0'])(
  '%j is no id',
  (text) => {
    expect(decodeStreamId(text)).toBeUndefined();
  },
);

describe('a stream', () => {
  test.each([
    ['goes on after a break', { xid: 4_999_999_990n, seconds: 1_799_999_990 }, undefined],
    ['goes on where nothing happened', {}, undefined],
    ['does not after a long one', { seconds: 1_799_996_000 }, 'too-far-back'],
    ['does not after very many transactions', { xid: 5_000_000_000n - 2n ** 30n - 1n }, 'too-far-back'],
    ['does not in another database', { table: '16413' }, 'unknown-position'],
    ['does not from a position that is still to come', { xid: 5_000_000_001n }, 'unknown-position'],
    ['does not from a time that is still to come', { seconds: 1_800_000_100 }, 'unknown-position'],
  ])('%s', (_what, change, reason) => {
    expect(whyNotResumed({ ...id, ...change }, now)).toBe(reason);
  });

  test('does not after what is no id', () => expect(whyNotResumed(undefined, now)).toBe('unknown-position'));
});
