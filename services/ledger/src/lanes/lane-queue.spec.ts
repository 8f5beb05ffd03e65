import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { fakeRecord } from '@subledger/wire/testing';
import { LaneQueue } from './lane-queue.js';

const { commands, messages } = TOPICS;
const records = (topic: string, from: number, to: number, timestampMs = 0) =>
  Array.from({ length: to - from }, (_, i) => fakeRecord({ topic, offset: BigInt(from + i), timestampMs }));
const start = { commandOffset: 0n, messageOffset: 0n };
const names = (taken: { topic: string; offset: bigint }[]) =>
  taken.map(({ topic, offset }) => `${topic === commands ? 'c' : 'm'}${offset}`);

describe('a lane’s queue', () => {
  it('keeps the order of each topic, and merges by broker time', () => {
    const queue = new LaneQueue();
    queue.push(messages, [...records(messages, 0, 1, 5), ...records(messages, 1, 2, 7)]);
    queue.push(commands, [...records(commands, 0, 1, 6), ...records(commands, 1, 2, 7)]);
    expect(names(queue.take(10, start))).toEqual(['m0', 'c0', 'c1', 'm1']);
  });

  it('gives each topic half where both have more', () => {
    const queue = new LaneQueue();
    queue.push(messages, records(messages, 0, 100));
    queue.push(commands, records(commands, 0, 100));
    const taken = queue.take(10, start);
    expect(taken.filter((record) => record.topic === commands)).toHaveLength(5);
    expect(taken).toHaveLength(10);
  });

  it('fills up with one topic where the other has little', () => {
    const queue = new LaneQueue();
    queue.push(messages, records(messages, 0, 100));
    queue.push(commands, records(commands, 0, 2));
    expect(queue.take(10, start)).toHaveLength(10);
    expect(queue.sizeOf(messages)).toBe(92);
    queue.push(commands, records(commands, 2, 50));
    expect(queue.take(100, start)).toHaveLength(100);
  });

  it('drops what was dealt with, and takes back what was not', () => {
    const queue = new LaneQueue();
    queue.push(commands, records(commands, 0, 4));
    const taken = queue.take(3, start);
    queue.putBack(taken);
    expect(names(queue.take(10, { commandOffset: 2n, messageOffset: 0n }))).toEqual(['c2', 'c3']);
  });

  it('ends a wait when records come', async () => {
    const queue = new LaneQueue();
    const wait = watched(queue.wait());
    await expectWaiting(wait);
    queue.push(commands, records(commands, 0, 1));
    await wait.ended;
    // There still is one, so nobody has to wait.
    await queue.wait();
    expect(queue.size).toBe(1);
  });

  it('ends a wait by a call, or the next wait after the call', async () => {
    const queue = new LaneQueue();
    const wait = watched(queue.wait());
    await expectWaiting(wait);
    queue.wake();
    await wait.ended;
    queue.wake();
    await queue.wait();
    await expectWaiting(watched(queue.wait()));
  });

  it('ends a wait after its time, and clears the timer if it ended before', async () => {
    const timers = new FakeTimers();
    const queue = new LaneQueue(timers);
    const byTime = watched(queue.wait(5));
    await expectWaiting(byTime);
    expect(timers.pending.map(({ ms }) => ms)).toEqual([5]);
    timers.pending[0]?.call();
    await byTime.ended;
    const byCall = queue.wait(7);
    queue.wake();
    await byCall;
    expect(timers.pending).toEqual([]);
  });
});

/** Timers that run out when the test says so. */
class FakeTimers {
  readonly pending: { readonly ms: number; readonly call: () => void }[] = [];

  after(ms: number, call: () => void): () => void {
    const timer = { ms, call };
    this.pending.push(timer);
    return () => this.pending.splice(this.pending.indexOf(timer), 1);
  }
}

interface Watched {
  readonly ended: Promise<void>;
  readonly isOver: () => boolean;
}

function watched(wait: Promise<void>): Watched {
  let isOver = false;
  const ended = wait.then(() => {
    isOver = true;
  });
  return { ended, isOver: () => isOver };
}

/** A wait that is over says so in the same turn of the event loop: what it was made of are promises alone. */
async function expectWaiting({ isOver }: Watched): Promise<void> {
  await nextTurn();
  expect(isOver()).toBe(false);
}
