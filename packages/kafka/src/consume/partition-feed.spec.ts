import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { KafkaRecord } from '../config.js';
import { type FeedBatch, PartitionFeed } from './partition-feed.js';

interface Call {
  batch: FeedBatch;
  finish(): void;
  fail(): void;
}

/** What kafkajs would see, and the handlers in work. */
function feedUnderTest() {
  const calls: Call[] = [];
  const done: bigint[] = [];
  const seeks: bigint[] = [];
  const state = { paused: false, round: 0 };
  const feed = new PartitionFeed('t', 0, {
    deliver: (batch) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      calls.push({ batch, finish: resolve, fail: () => reject(new Error('boom')) });
      return promise;
    },
    done: (next) => done.push(next),
    pause: () => {
      state.paused = true;
    },
    resume: () => {
      state.paused = false;
    },
    seek: (offset) => seeks.push(offset),
    fetchRound: () => state.round,
    log: undefined,
  });
  return { feed, calls, done, seeks, state };
}
const record = (offset: number) =>
  ({ offset: BigInt(offset), value: Buffer.alloc(10) }) as unknown as KafkaRecord;
/** Too many records to be joined with others. */
function batch(from: number, next = from + 10): FeedBatch {
  const records = Array.from({ length: 100 }, () => record(from));
  return { records, highWatermark: 100n, from: BigInt(from), next: BigInt(next) };
}
function smallBatch(from: number, count = 2): FeedBatch {
  const records = Array.from({ length: count }, (_, index) => record(from + index));
  return { records, highWatermark: 100n, from: BigInt(from), next: BigInt(from + count) };
}
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

describe('PartitionFeed', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  test('one batch is running and one is waiting, then fetching pauses until one is done', async () => {
    const { feed, calls, done, state } = feedUnderTest();
    expect(feed.accept(batch(0))).toBe(true);
    expect(state.paused).toBe(false);
    expect(feed.accept(batch(10))).toBe(true);
    expect(state.paused).toBe(true);
    expect(feed.accept(batch(20))).toBe(false);
    expect(calls).toHaveLength(1);
    calls[0]!.finish();
    await settle();
    expect(calls).toHaveLength(2);
    expect(done).toEqual([10n]);
    expect(state.paused).toBe(false);
  });

  test('under a trickle small batches join the waiting one, and fetching continues until that is large', async () => {
    const { feed, calls, done, state } = feedUnderTest();
    feed.accept(smallBatch(0));
    expect(feed.accept(smallBatch(2))).toBe(true);
    expect(feed.accept(smallBatch(4))).toBe(true);
    expect(state.paused).toBe(false);
    // Larger than what may be joined.
    expect(feed.accept(smallBatch(6, 51))).toBe(true);
    expect(state.paused).toBe(true);
    calls[0]!.finish();
    await settle();
    expect(calls[1]!.batch).toMatchObject({ from: 2n, next: 6n });
    expect(calls[1]!.batch.records.map(({ offset }) => offset)).toEqual([2n, 3n, 4n, 5n]);
    calls[1]!.finish();
    await settle();
    expect(calls[2]!.batch).toMatchObject({ from: 6n, next: 57n });
    expect(done).toEqual([2n, 6n]);
  });

  test('joined batches that fail come again from the first of them', async () => {
    const { feed, calls, seeks } = feedUnderTest();
    feed.accept(smallBatch(0));
    feed.accept(smallBatch(2));
    feed.accept(smallBatch(4));
    calls[0]!.finish();
    await settle();
    calls[1]!.fail();
    await settle();
    expect(seeks).toEqual([2n]);
  });

  test('a failure drops what waits, seeks back, holds the partition and delivers again', async () => {
    const { feed, calls, done, seeks, state } = feedUnderTest();
    feed.accept(batch(0));
    feed.accept(batch(10));
    calls[0]!.fail();
    await settle();
    expect(seeks).toEqual([0n]);
    expect(state.paused).toBe(true);
    expect(feed.accept(batch(0))).toBe(false);
    jest.advanceTimersByTime(101);
    expect(state.paused).toBe(false);
    state.round += 1;
    expect(feed.accept(batch(0))).toBe(true);
    expect(calls).toHaveLength(2);
    expect(done).toEqual([]);
  });

  test('the pause grows with each failure in a row', async () => {
    const { feed, calls, state } = feedUnderTest();
    const waits: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      state.round += 1;
      feed.accept(batch(0));
      calls.at(-1)!.fail();
      await settle();
      let waited = 0;
      while (state.paused) {
        jest.advanceTimersByTime(10);
        waited += 10;
      }
      waits.push(waited);
    }
    expect(waits[0]).toBeLessThanOrEqual(100);
    expect(waits[5]).toBeGreaterThan(1_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000);
  });

  test('a seek drops what waits; the handler from before moves nothing, not even by failing', async () => {
    const { feed, calls, done, seeks, state } = feedUnderTest();
    feed.accept(batch(0));
    feed.accept(batch(10));
    feed.seek(50n);
    // Asked for before the seek.
    expect(feed.accept(batch(20))).toBe(false);
    calls[0]!.fail();
    await settle();
    expect([seeks, done]).toEqual([[50n], []]);
    state.round += 1;
    expect(feed.accept(batch(50))).toBe(true);
    expect(calls[1]!.batch.from).toBe(50n);
  });

  test('a batch from an unrequested offset is refused, and the seek repeated', () => {
    const { feed, calls, seeks, state } = feedUnderTest();
    feed.seek(50n);
    state.round += 1;
    expect(feed.accept(batch(70))).toBe(false);
    expect(seeks).toEqual([50n, 50n]);
    expect(calls).toHaveLength(0);
  });

  test('control records that kafkajs passes over move the position, unless fetched before a seek', () => {
    const { feed, seeks, state } = feedUnderTest();
    feed.seek(50n);
    feed.skip(99n);
    state.round += 1;
    feed.skip(52n);
    expect(feed.accept(batch(52))).toBe(true);
    expect(seeks).toEqual([50n]);
  });

  test('while the application pauses it, not even the waiting batch is delivered', async () => {
    const { feed, calls, state } = feedUnderTest();
    feed.accept(batch(0));
    feed.accept(batch(10));
    feed.hold('application');
    calls[0]!.finish();
    await settle();
    expect(calls).toHaveLength(1);
    expect(state.paused).toBe(true);
    feed.release('application');
    await settle();
    expect(calls).toHaveLength(2);
    expect(state.paused).toBe(false);
  });

  test('draining waits for the running handler and starts no other; restore continues at the same position', async () => {
    const { feed, calls, seeks } = feedUnderTest();
    feed.accept(batch(0));
    feed.accept(batch(10));
    let isDrained = false;
    void feed.drain().then(() => {
      isDrained = true;
    });
    await settle();
    expect(isDrained).toBe(false);
    calls[0]!.finish();
    await settle();
    expect([isDrained, calls.length]).toEqual([true, 1]);
    feed.restore();
    await settle();
    expect(calls[1]!.batch.from).toBe(10n);
    expect(seeks).toEqual([20n]);
  });

  test('once closed, a handler that ends moves nothing', async () => {
    const { feed, calls, done } = feedUnderTest();
    feed.accept(batch(0));
    feed.close();
    calls[0]!.finish();
    await settle();
    expect(done).toEqual([]);
    expect(feed.accept(batch(10))).toBe(false);
  });
});
