import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import { IDLE_WAIT_MS, waitLongerWhenIdle } from './idle-fetches.js';

const CONFIGURED_MS = 25;
const SECOND = 1_000;
interface Answer {
  readonly rawMessages: readonly object[];
}
const EMPTY: Answer = { rawMessages: [] };
const FULL: Answer = { rawMessages: [{}] };
const { fetch } = ConsumerGroup.prototype;

interface Answering extends ConsumerGroup {
  /** What the broker answers next. */
  next: Answer[];
  readonly paused: object[];
  /** The wait of each request. */
  readonly waits: number[];
}

beforeAll(() => {
  jest.useFakeTimers();
  ConsumerGroup.prototype.fetch = async function () {
    const { waits, next } = this as Answering;
    waits.push(this.maxWaitTime);
    return next;
  };
  waitLongerWhenIdle();
});
afterAll(() => {
  ConsumerGroup.prototype.fetch = fetch;
  jest.useRealTimers();
});

let group: Answering;
beforeEach(() => {
  const paused: object[] = [];
  group = Object.assign(Object.create(ConsumerGroup.prototype), {
    maxWaitTime: CONFIGURED_MS,
    subscriptionState: { paused: () => paused },
    paused,
    next: [EMPTY],
    waits: [],
  });
});

/** Fetches once, a while after the last fetch. */
async function fetchAfter(ms: number, answer = EMPTY): Promise<number | undefined> {
  jest.advanceTimersByTime(ms);
  group.next = [EMPTY, answer];
  const batches = await group.fetch('1');
  expect(batches).toEqual(answer === FULL ? [FULL] : []);
  return group.waits.at(-1);
}

test('a fetch waits longer when no record has come for a second, and not again after one', async () => {
  expect(await fetchAfter(0)).toBe(CONFIGURED_MS);
  expect(await fetchAfter(SECOND - 1)).toBe(CONFIGURED_MS);
  expect(await fetchAfter(1)).toBe(IDLE_WAIT_MS);
  expect(await fetchAfter(SECOND, FULL)).toBe(IDLE_WAIT_MS);
  expect(await fetchAfter(0)).toBe(CONFIGURED_MS);
  expect(await fetchAfter(SECOND)).toBe(IDLE_WAIT_MS);
});

test('a fetch does not wait longer while a partition is paused', async () => {
  await fetchAfter(0);
  group.paused.push({});
  expect(await fetchAfter(SECOND)).toBe(CONFIGURED_MS);
  group.paused.pop();
  expect(await fetchAfter(0)).toBe(IDLE_WAIT_MS);
});

test('a configured wait that is longer stays', async () => {
  group.maxWaitTime = 2 * IDLE_WAIT_MS;
  await fetchAfter(0);
  expect(await fetchAfter(SECOND)).toBe(2 * IDLE_WAIT_MS);
});
