import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { StreamReader } from '../test-support/stream-reader.js';
import { TestGateway } from '../test-support/test-gateway.js';

const PER_SECOND = 5;
const STREAMS = 5;
const PER_MAIN = 4;
let gateway: TestGateway;
/** Each with two keys. */
const customers: { id: string; keys: [string, string] }[] = [];
const readers: StreamReader[] = [];
beforeAll(async () => {
  gateway = await TestGateway.start({
    RATE_LIMIT_MAIN_ACCOUNT: String(PER_SECOND),
    STREAMS_MAX: String(STREAMS),
    STREAMS_PER_MAIN_ACCOUNT: String(PER_MAIN),
    STREAMS_PER_CREDENTIAL: '3',
  });
  for (let count = 0; count < 3; count += 1) {
    const id = await gateway.mainAccount('10');
    customers.push({ id, keys: [await gateway.apiKey(id, ['read']), await gateway.apiKey(id, ['read'])] });
  }
});
afterAll(() => gateway?.stop());
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});

const customer = (index: number) => customers[index] as (typeof customers)[number];

describe('requests of one customer', () => {
  const ask = (who: number, key: 0 | 1) =>
    gateway.call('GET', `/v1/main-accounts/${customer(who).id}`, { key: customer(who).keys[key] });

  test('are limited for all its keys together, without affecting other customers', async () => {
    // So many at once that also a slow machine gets more within a second than may be.
    const burst = await Promise.all(
      Array.from({ length: 20 * PER_SECOND }, (_none, index) => ask(0, index % 2 === 0 ? 0 : 1)),
    );
    const refused = burst.filter(({ status }) => status === 429);
    expect(burst.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(PER_SECOND);
    expect(refused.length).toBeGreaterThan(0);
    for (const { body, headers } of refused) {
      expect(body.code).toBe('too-many-requests');
      expect(headers.get('retry-after')).toBe('1');
      expect(headers.get('ratelimit-policy')).toBe(`"main-account";q=${PER_SECOND};w=1`);
    }
    expect((await ask(1, 0)).status).toBe(200);
    await eventually(async () => (await ask(0, 0)).status === 200, { what: 'the next second' });
  });
});

describe('streams of one customer', () => {
  const open = async (who: number, key: 0 | 1) => {
    const url = `${gateway.running.url}/v1/main-accounts/${customer(who).id}/stream`;
    const reader = await StreamReader.open(url, { key: customer(who).keys[key] });
    readers.push(reader);
    return reader;
  };
  /** The answer for its streams, and not for too many requests within a second. */
  const answerTo = (who: number, key: 0 | 1) =>
    eventually(
      async () => {
        const { status, headers } = await open(who, key).then(
          ({ response }) => response,
          ({ response }: { response: Response }) => response,
        );
        return headers.get('retry-after') === '1' ? undefined : status;
      },
      { what: 'an answer' },
    );
  /** Slower than its customer's limit of requests. */
  const openAll = async (opened: readonly (readonly [number, 0 | 1])[]) => {
    const all: StreamReader[] = [];
    for (const [who, key] of opened) all.push(await eventually(() => open(who, key).catch(() => undefined)));
    return all;
  };

  test('are limited for all its keys together', async () => {
    await openAll([
      [0, 0],
      [0, 0],
      [0, 1],
      [0, 1],
    ]);
    expect(await answerTo(0, 1)).toBe(429);
    expect(await answerTo(1, 0)).toBe(200);
  });

  test('give way to a customer with fewer, where all places are taken', async () => {
    const many = await openAll([
      [0, 0],
      [0, 0],
      [0, 1],
      [0, 1],
    ]);
    const few = await openAll([[1, 0]]);
    const newcomer = await openAll([[2, 0]]);
    await eventually(() => many.some(({ ended }) => ended === 'end'), { what: 'the end of one of the many' });
    expect(many.filter(({ ended }) => ended !== undefined)).toEqual([many[3]]);
    expect([...few, ...newcomer].map(({ ended }) => ended)).toEqual([undefined, undefined]);
    // It has three, the others one each: it has to wait.
    expect(await answerTo(0, 1)).toBe(429);
  });
});
