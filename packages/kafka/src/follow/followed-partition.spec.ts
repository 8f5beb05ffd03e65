import { describe, expect, test } from '@jest/globals';
import type { FetchedPartition } from '../kafkajs/inner-cluster.js';
import { type Followed, toArrived } from './followed-partition.js';

const followed: Followed = {
  topic: 't',
  partition: 0,
  position: 5n,
  delivered: 5n,
  highWatermark: 5n,
  atEndSince: 0,
};
const message = (offset: number, given: object = {}) => ({
  offset: String(offset),
  isControlRecord: false,
  ...given,
});
const arrived = (from: bigint, messages: object[], given: Partial<FetchedPartition> = {}) => {
  const answer = { partition: 0, highWatermark: '20', abortedTransactions: [], messages, ...given };
  const { records, next, highWatermark } = toArrived(
    { followed, from },
    answer as unknown as FetchedPartition,
    0,
  );
  return { offsets: records.map(({ offset }) => offset), next, highWatermark };
};

describe('what an answer holds', () => {
  const highWatermark = 20n;
  test.each<[string, ReturnType<typeof arrived>, bigint[], bigint]>([
    ['nothing', arrived(5n, []), [], 5n],
    [
      'records, some from before in the same batch',
      arrived(5n, [message(4), message(5), message(7)]),
      [5n, 7n],
      8n,
    ],
    ['a marker at the end', arrived(5n, [message(5), message(6, { isControlRecord: true })]), [5n], 7n],
    ['a batch that reaches further', arrived(5n, [message(5)], { nextOffset: 9n }), [5n], 9n],
    ['a batch that is compacted away', arrived(5n, [], { nextOffset: 9n }), [], 9n],
  ])('%s', (_what, found, offsets, next) => {
    expect(found).toEqual({ offsets, next, highWatermark });
  });
});
