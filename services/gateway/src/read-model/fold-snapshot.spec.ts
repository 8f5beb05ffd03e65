import { describe, expect, it } from '@jest/globals';
import type { LedgerEvent } from '../events/parse-events.js';
import { foldSnapshot, isOfSnapshot } from './fold-snapshot.js';

const cause = (id: string) => ({ kind: 'command', id, type: 'subledger.snapshot.request.v1' });
const stated = (fields: object, id = 'c1') =>
  ({
    name: 'snapshot.published',
    data: {
      mainAccountId: 'ma_1',
      generation: 1,
      sequence: 10,
      at: '2026-11-23T09:00:00Z',
      cause: cause(id),
      transfers: [],
      mainAccount: { balance: '1' },
      part: 1,
      isLast: false,
      transferCount: 5,
      subAccounts: [],
      lines: [],
      statements: [],
      ...fields,
    },
  }) as unknown as LedgerEvent;
const rejected = (fields: object) =>
  ({
    name: 'command.rejected',
    data: {
      mainAccountId: 'ma_2',
      generation: 1,
      sequence: 0,
      cause: cause('c2'),
      code: 'main-account-not-found',
      ...fields,
    },
  }) as unknown as LedgerEvent;

describe('isOfSnapshot', () => {
  it.each<[string, LedgerEvent, boolean]>([
    ['a part', stated({}), true],
    ['a refusal without books', rejected({}), true],
    ['a refusal in the books, which counts as an event', rejected({ sequence: 4 }), false],
    [
      'a refusal of another command',
      rejected({ cause: { ...cause('c2'), type: 'subledger.limit.change.v1' } }),
      false,
    ],
    ['any other event', { ...stated({}), name: 'points.purchased' } as LedgerEvent, false],
  ])('%s', (_, event, is) => {
    expect(isOfSnapshot(event)).toBe(is);
  });
});

describe('foldSnapshot', () => {
  it.each<[string, [part: number, isLast: boolean][], object]>([
    ['one part that is all', [[1, true]], { first: 1, last: 1, isDone: true }],
    [
      'parts in a row',
      [
        [3, false],
        [4, false],
      ],
      { first: 3, last: 4, isDone: false },
    ],
    [
      'up to the last',
      [
        [3, false],
        [4, true],
      ],
      { first: 3, last: 4, isDone: true },
    ],
    [
      'a gap: what follows it does not count',
      [
        [3, false],
        [5, true],
      ],
      { first: 3, last: 3, isDone: false },
    ],
    [
      'a part twice',
      [
        [3, false],
        [3, false],
        [4, true],
      ],
      { first: 3, last: 4, isDone: true },
    ],
  ])('progress: %s', (_, parts, expected) => {
    const events = parts.map(([part, isLast]) => stated({ part, isLast }));
    expect(foldSnapshot(events).progress).toEqual([
      { mainAccountId: 'ma_1', commandId: 'c1', generation: 1, sequence: 10, ...expected },
    ]);
  });

  it('keeps the newest state of each account, and the count of transfers that belongs to it', () => {
    const sub = (remaining: string) => [{ subAccountId: 'sa_1', remaining }];
    const events = [
      stated({ sequence: 12, mainAccount: { balance: '3' }, transferCount: 7, subAccounts: sub('3') }, 'c3'),
      stated({ sequence: 11, mainAccount: { balance: '2' }, transferCount: 6, subAccounts: sub('2') }),
    ];
    const { mains, subs, transferCounts, progress } = foldSnapshot(events);
    expect(mains.map(({ sequence, state }) => [sequence, state])).toEqual([[12, { balance: '3' }]]);
    expect(subs.map(({ sequence, state }) => [sequence, state.remaining])).toEqual([[12, '3']]);
    expect([...transferCounts]).toEqual([['ma_1', 7]]);
    expect(progress.map(({ commandId }) => commandId)).toEqual(['c1', 'c3']);
  });

  it('gives transfers the time at which they were booked', () => {
    const lines = [{ sequence: 2, at: '2026-10-01T00:00:00Z', points: '1' }];
    const { transfers } = foldSnapshot([stated({ lines })]);
    expect(transfers).toEqual([
      expect.objectContaining({
        at: '2026-10-01T00:00:00Z',
        generation: 1,
        transfer: { sequence: 2, points: '1' },
      }),
    ]);
  });

  it('has the position of the first part: all parts are at least as new', () => {
    const events = [stated({ part: 1, sequence: 11 }), stated({ part: 2, sequence: 14, isLast: true })];
    expect(foldSnapshot(events).progress).toEqual([
      expect.objectContaining({ first: 1, last: 2, generation: 1, sequence: 11 }),
    ]);
  });

  const NOTHING = {
    ...{ opening: '0', limit: '0', boost: '0', granted: '0', used: '0', overage: '0', held: '0' },
    ...{ returned: '0', lateUsed: '0', lateRefunded: '0', lateReturned: '0' },
  };
  const closed = (figures: object) => ({
    ...NOTHING,
    ...{ subAccountId: 'sa_1', period: '2026-10', at: '2026-10-31T15:00:00Z', ...figures },
  });

  it('keeps the newest of each statement, at the position of its part, in the order of their key', () => {
    const events = [
      stated({ sequence: 11, statements: [closed({ period: '2026-11' }), closed({ lateUsed: '2' })] }),
      stated(
        { sequence: 12, statements: [closed({ lateUsed: '3' }), closed({ subAccountId: 'sa_0' })] },
        'c2',
      ),
      stated({ sequence: 10, statements: [closed({ lateUsed: '1' })] }, 'c0'),
    ];
    const { statements } = foldSnapshot(events);
    expect(
      statements.map(({ sequence, statement: { period, subAccountId, lateUsed } }) => [
        ...[sequence, period, subAccountId, lateUsed],
      ]),
    ).toEqual([
      [12, '2026-10', 'sa_0', '0'],
      [12, '2026-10', 'sa_1', '3'],
      [11, '2026-11', 'sa_1', '0'],
    ]);
  });

  it.each<[string, object, string | null]>([
    ['closing figures', { opening: '5', lateUsed: '1' }, '2026-10-31T15:00:00Z'],
    ['a limit alone', { limit: '5', lateRefunded: '1' }, '2026-10-31T15:00:00Z'],
    ['nothing at all', {}, '2026-10-31T15:00:00Z'],
    ['late charges alone', { lateUsed: '1' }, null],
    ['late refunds alone', { lateRefunded: '0.001' }, null],
    ['late returns alone', { lateReturned: '1' }, null],
  ])('a statement was closed or not: %s', (_, figures, closedAt) => {
    const [row] = foldSnapshot([stated({ statements: [closed(figures)] })]).statements;
    expect(row?.closedAt).toBe(closedAt);
  });

  it('notes refusals', () => {
    expect(foldSnapshot([rejected({})]).refused).toEqual([
      { mainAccountId: 'ma_2', commandId: 'c2', code: 'main-account-not-found' },
    ]);
  });
});
