import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MAX_API_KEYS } from '@subledger/contracts';
import { eventually } from '@subledger/testing';
import { StreamReader } from '../test-support/stream-reader.js';
import { TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ STREAM_HEARTBEAT_MS: '200' });
});
afterAll(() => gateway?.stop());

const keysOf = (main: string) => `/v1/main-accounts/${main}/api-keys`;
const make = (main: string, more: object = {}) =>
  gateway.call('POST', keysOf(main), { body: { name: 'program', scopes: ['read'], ...more } });
const ask = async (key: string, url?: string) =>
  (await gateway.call('GET', '/v1/session', { key, ...(url === undefined ? {} : { url }) })).status;
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const expire = (id: string) =>
  gateway.database.client.query(
    `UPDATE gateway.api_key SET expires_at = now() - interval '1 second' WHERE id = $1`,
    [id],
  );

describe('an API key with an expiry', () => {
  test('is shown with it, and refused once it has expired', async () => {
    const main = await gateway.mainAccount();
    const expiresAt = inMs(3_600_000);
    const { body } = await make(main, { expiresAt });
    expect((await gateway.call('GET', keysOf(main))).body.items).toEqual([
      expect.objectContaining({ id: body.id, expiresAt, lastUsedAt: null }),
    ]);
    expect(await ask(body.key)).toBe(200);
    await expire(body.id);
    await eventually(async () => (await ask(body.key)) === 401, { what: 'the end of the key' });
  });

  test('ends the streams that were opened with it', async () => {
    const main = await gateway.mainAccount();
    const { body } = await make(main, { expiresAt: inMs(3_600_000) });
    const reader = await StreamReader.open(`${gateway.running.url}/v1/main-accounts/${main}/stream`, {
      key: body.key,
    });
    await expire(body.id);
    await eventually(() => reader.ended === 'end', { what: 'the end of the stream' });
  });

  test('cannot be made where that is past', async () => {
    const main = await gateway.mainAccount();
    const { status, body } = await make(main, { expiresAt: inMs(-1_000) });
    expect([status, body.errors]).toEqual([422, [{ path: 'expiresAt', message: 'must be in the future' }]]);
  });
});

test('without an expiry a key has none', async () => {
  const main = await gateway.mainAccount();
  await make(main);
  expect((await gateway.call('GET', keysOf(main))).body.items[0]).toMatchObject({ expiresAt: null });
});

test('the last use of a key is written for many requests at once, not with each', async () => {
  const main = await gateway.mainAccount();
  const { body } = await make(main);
  const lastUsedAt = async () => (await gateway.call('GET', keysOf(main))).body.items[0].lastUsedAt;
  const second = await gateway.another();
  const before = Date.now();
  for (let round = 0; round < 5; round += 1) expect(await ask(body.key, second.url)).toBe(200);
  const after = Date.now();
  expect(await lastUsedAt()).toBeNull();
  // At the latest when the instance ends.
  await second.stop();
  const at = Date.parse(await lastUsedAt());
  expect(at).toBeGreaterThanOrEqual(before);
  expect(at).toBeLessThanOrEqual(after);
});

test('a customer has a limited number of keys, also with concurrent requests', async () => {
  const main = await gateway.mainAccount();
  const replies = await Promise.all(Array.from({ length: MAX_API_KEYS + 2 }, () => make(main)));
  const statuses = replies.map(({ status }) => status).sort();
  expect(statuses).toEqual([...Array.from({ length: MAX_API_KEYS }, () => 201), 409, 409]);
  expect(replies.find(({ status }) => status === 409)?.body.code).toBe('too-many-api-keys');
  const { body } = await gateway.call('GET', keysOf(main));
  await gateway.call('DELETE', `${keysOf(main)}/${body.items[0].id}`);
  expect((await make(main)).status).toBe(201);
  expect((await make(await gateway.mainAccount())).status).toBe(201);
});
