import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PASSWORD, TestGateway, type TestSession } from '../test-support/test-gateway.js';

/** `PUBLIC_URL` of the suites' gateways. */
const OWN = 'http://gateway.test';
let gateway: TestGateway;
let main: string;
let session: TestSession;
beforeAll(async () => {
  gateway = await TestGateway.start({ TRUSTED_PROXIES: '127.0.0.1' });
  main = await gateway.mainAccount('10', 'Kita');
  session = await gateway.logIn({ login: 'kita' });
});
afterAll(() => gateway?.stop());

const host = () => new URL(gateway.running.url).host;
const FOREIGN: [string, () => Record<string, string>, string][] = [
  ['another site', () => ({ 'sec-fetch-site': 'cross-site' }), 'Sec-Fetch-Site'],
  ['another host of the site', () => ({ 'sec-fetch-site': 'same-site', origin: OWN }), 'Sec-Fetch-Site'],
  ['another origin', () => ({ origin: 'https://evil.example' }), 'Origin'],
  ['another port', () => ({ origin: 'http://gateway.test:81' }), 'Origin'],
  ['a sandboxed frame', () => ({ origin: 'null' }), 'Origin'],
];
const OWN_PAGES: [string, () => Record<string, string>][] = [
  ['its own page', () => ({ 'sec-fetch-site': 'same-origin', origin: OWN })],
  ['nobody but the user', () => ({ 'sec-fetch-site': 'none' })],
  ['its own page in an old browser', () => ({ origin: OWN })],
  ['its own page at another name of it', () => ({ origin: `http://${host()}` })],
  ['a program', () => ({})],
];

describe('a write by cookie, with the right token, made by', () => {
  const write = (headers: Record<string, string>) =>
    gateway.call('POST', `/v1/main-accounts/${main}/activation-request`, { session, headers });

  test.each(FOREIGN)('%s is refused', async (_who, headers, path) => {
    const { status, body } = await write(headers());
    expect([status, body.code, body.errors[0].path]).toEqual([403, 'forbidden', path]);
  });

  test.each(OWN_PAGES)('%s is done', async (_who, headers) => {
    expect((await write(headers())).status).toBe(200);
  });

  test('its own page needs the token too', async () => {
    const reply = await write({ 'sec-fetch-site': 'same-origin', 'x-csrf-token': 'wrong' });
    expect([reply.status, reply.body.errors[0].path]).toEqual([403, 'X-CSRF-Token']);
  });
});

describe('a login made by', () => {
  const logIn = (headers: Record<string, string>) =>
    gateway.call('POST', '/v1/session', { key: null, body: { login: 'kita', password: PASSWORD }, headers });

  test.each(FOREIGN)('%s is refused', async (_who, headers) => {
    const reply = await logIn(headers());
    expect([reply.status, reply.headers.get('set-cookie')]).toEqual([403, null]);
  });

  test.each(OWN_PAGES)('%s is done', async (_who, headers) => {
    expect((await logIn(headers())).status).toBe(201);
  });
});

describe('requests by key, and reads,', () => {
  const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
  test('may come from any page', async () => {
    const path = `/v1/main-accounts/${main}`;
    expect((await gateway.call('PATCH', path, { body: { name: 'Kita' }, headers: foreign })).status).toBe(
      200,
    );
    expect((await gateway.call('GET', path, { session, headers: foreign })).status).toBe(200);
  });
});

test.each([
  ['192.0.2.9', '192.0.2.9'],
  ['192.0.2.9:4711', '192.0.2.9'],
  ['not an address', '127.0.0.1'],
  ["'; DROP TABLE session; --", '127.0.0.1'],
])('of a forwarded “%s” the audit log has %s', async (forwarded, address) => {
  await gateway.call('PATCH', `/v1/main-accounts/${main}`, {
    body: { name: 'Kita' },
    headers: { 'x-forwarded-for': forwarded },
  });
  const { body } = await gateway.call('GET', `/v1/main-accounts/${main}/audit-log?limit=1`);
  expect(body.items[0].address).toBe(address);
});
