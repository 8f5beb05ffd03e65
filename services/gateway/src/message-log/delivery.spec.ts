import { describe, expect, test } from '@jest/globals';
import { MESSAGE_STATUSES } from '@subledger/contracts';
import fc from 'fast-check';
import { type Delivery, deliveryOf, merge, NO_DELIVERY } from './delivery.js';

const [PASSED, COMPLETE, FAILED, EXPIRED] = MESSAGE_STATUSES;
const status = (name: (typeof MESSAGE_STATUSES)[number], at: number) => deliveryOf({ status: name, at });
const fold = (all: readonly Delivery[]): Delivery => all.reduce(merge, NO_DELIVERY);

describe('which status wins', () => {
  test.each([
    ['the later of two', [status(FAILED, 1), status(COMPLETE, 2)], COMPLETE, 2, 1],
    ['the later final one, even if it is a failure', [status(COMPLETE, 1), status(FAILED, 2)], FAILED, 2, 1],
    ['a final one over a later passing on', [status(COMPLETE, 1), status(PASSED, 9)], COMPLETE, 1, 1],
    ['the one further along at the same time', [status(FAILED, 5), status(COMPLETE, 5)], COMPLETE, 5, 5],
    ['failed over expired at the same time', [status(EXPIRED, 5), status(FAILED, 5)], FAILED, 5, 5],
    ['passing on alone ends nothing', [status(PASSED, 3), status(PASSED, 4)], PASSED, 4, null],
    ['none without a status', [], null, null, null],
  ])('%s', (_name, all, name, statusAt, endedAt) => {
    for (const order of [all, [...all].reverse(), [...all, ...all]])
      expect(fold(order)).toMatchObject({ status: name, statusAt, endedAt });
  });

  test('short link: each part from the latest status that names it', () => {
    const at = (time: number, link: object) => deliveryOf({ status: PASSED, at: time, ...link });
    const all = [
      at(1, { shortlinkUrl: 'https://s.example/a' }),
      at(2, { shortlinkStatus: 'SENT' }),
      at(3, { shortlinkStatus: 'CLICKED' }),
      at(4, {}),
    ];
    const expected = { shortlinkStatus: 'CLICKED', shortlinkUrl: 'https://s.example/a', statusAt: 4 };
    expect(fold(all)).toMatchObject(expected);
    expect(fold([...all].reverse())).toMatchObject(expected);
  });
});

const anyStatus = fc
  .record({
    status: fc.constantFrom(...MESSAGE_STATUSES),
    at: fc.integer({ min: 0, max: 5 }),
    shortlinkStatus: fc.option(fc.constantFrom('A', 'B'), { nil: undefined }),
    shortlinkUrl: fc.option(fc.constantFrom('u', 'v'), { nil: undefined }),
  })
  .map(deliveryOf);

test('statuses in any order, and any of them twice, end the same', () => {
  const shuffled = fc
    .array(anyStatus, { maxLength: 6 })
    .chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
    );
  fc.assert(fc.property(shuffled, ([all, twice]) => expect(fold(twice)).toEqual(fold(all))));
});
