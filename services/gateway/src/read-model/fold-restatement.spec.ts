import { describe, expect, it } from '@jest/globals';
import { foldRestatement, isOfRestatement } from './fold-restatement.js';
import type { LedgerEvent } from './parse-events.js';

const cause = (id: string) => ({ kind: 'command', id, type: 'subledger.books.restate.v1' });
const stated = (fields: object, id = 'c1') =>
  ({
    name: 'books.stated',
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

describe('isOfRestatement', () => {
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
    expect(isOfRestatement(event)).toBe(is);
  });
});

describe('foldRestatement', () => {
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
    expect(foldRestatement(events).progress).toEqual([
      { mainAccountId: 'ma_1', commandId: 'c1', ...expected },
    ]);
  });

  it('keeps the newest state of each account, and the count of transfers that belongs to it', () => {
    const sub = (remaining: string) => [{ subAccountId: 'sa_1', remaining }];
    const events = [
      stated({ sequence: 12, mainAccount: { balance: '3' }, transferCount: 7, subAccounts: sub('3') }, 'c3'),
      stated({ sequence: 11, mainAccount: { balance: '2' }, transferCount: 6, subAccounts: sub('2') }),
    ];
    const { mains, subs, transferCounts, progress } = foldRestatement(events);
    expect(mains.map(({ sequence, state }) => [sequence, state])).toEqual([[12, { balance: '3' }]]);
    expect(subs.map(({ sequence, state }) => [sequence, state.remaining])).toEqual([[12, '3']]);
    expect([...transferCounts]).toEqual([['ma_1', 7]]);
    expect(progress.map(({ commandId }) => commandId)).toEqual(['c1', 'c3']);
  });

  it('gives transfers the time at which they were booked', () => {
    const lines = [{ sequence: 2, at: '2026-10-01T00:00:00Z', points: '1' }];
    const { transfers } = foldRestatement([stated({ lines })]);
    expect(transfers).toEqual([
      expect.objectContaining({
        at: '2026-10-01T00:00:00Z',
        generation: 1,
        transfer: { sequence: 2, points: '1' },
      }),
    ]);
  });

  it('notes refusals', () => {
    expect(foldRestatement([rejected({})]).refused).toEqual([
      { mainAccountId: 'ma_2', commandId: 'c2', code: 'main-account-not-found' },
    ]);
  });
});
