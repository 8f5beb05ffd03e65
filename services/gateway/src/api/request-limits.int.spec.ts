import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CallOptions, TestGateway, UPSTREAM_KEY } from '../test-support/test-gateway.js';

const PER_ADDRESS = 8;
const PER_CUSTOMER = 5;
const PER_OPERATOR = 60;

let gateway: TestGateway;
let main: string;

beforeAll(async () => {
  gateway = await TestGateway.start({
    RATE_LIMIT_ADDRESS: String(PER_ADDRESS),
    RATE_LIMIT_CUSTOMER: String(PER_CUSTOMER),
    RATE_LIMIT_OPERATOR: String(PER_OPERATOR),
    // The suite pretends to be many: each test has its own addresses.
    TRUSTED_PROXIES: '127.0.0.1/32',
  });
  main = await gateway.mainAccount('1000', 'kita');
});
afterAll(() => gateway?.stop());

const from = (address: string, options: CallOptions = {}): CallOptions => ({
  key: null,
  ...options,
  headers: { ...options.headers, 'x-forwarded-for': address },
});
const times = async (count: number, path: string, options: CallOptions) => {
  const replies = [];
  for (let at = 0; at < count; at += 1) replies.push(await gateway.call('GET', path, options));
  return replies;
};
const statuses = (replies: { status: number }[]) => replies.map(({ status }) => status);
const repeat = (status: number, count: number): number[] => Array.from({ length: count }, () => status);

describe('requests of one address', () => {
  test.each([
    ['without a credential', '198.51.100.1', '/v1/session', {}, 401],
    ['with wrong keys', '198.51.100.2', '/v1/session', { key: 'slk_wrong' }, 401],
    ['to a page', '198.51.100.3', '/docs', {}, 200],
    ['to an unknown path', '198.51.100.4', '/nothing', {}, 404],
  ])('%s are limited, and say so', async (_name, address, path, options, usual) => {
    const replies = await times(PER_ADDRESS + 1, path, from(address, options));
    expect(statuses(replies)).toEqual([...repeat(usual, PER_ADDRESS), 429]);
    expect(replies[0]?.headers.get('ratelimit')).toMatch(/^"address";r=7;t=\d+$/);
    const last = replies.at(-1);
    expect(last?.body.code).toBe('too-many-requests');
    expect(last?.headers.get('ratelimit')).toMatch(/^"address";r=0;t=\d+$/);
    expect(last?.headers.get('ratelimit-policy')).toBe(`"address";q=${PER_ADDRESS};w=60`);
    const seconds = Number(last?.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    // Another one goes on.
    expect((await gateway.call('GET', path, from('203.0.113.9', options))).status).toBe(usual);
  });

  test('logins are, before the password is looked at', async () => {
    const login = () =>
      gateway.call('POST', '/v1/session', from('198.51.100.5', { body: { login: 'x', password: 'y' } }));
    for (let at = 0; at < PER_ADDRESS; at += 1) expect((await login()).status).toBe(401);
    const refused = await login();
    expect([refused.status, refused.headers.get('ratelimit-policy')]).toEqual([
      429,
      `"address";q=${PER_ADDRESS};w=60`,
    ]);
  });

  test('when they are used up, no further key is looked up, but a known valid one still works', async () => {
    const address = '198.51.100.6';
    const key = await gateway.apiKey(main, ['read']);
    const path = `/v1/main-accounts/${main}`;
    expect((await gateway.call('GET', path, from(address, { key }))).status).toBe(200);
    await times(PER_ADDRESS, '/v1/session', from(address));
    const another = await gateway.apiKey(main, ['read']);
    expect((await gateway.call('GET', path, from(address, { key: another }))).status).toBe(429);
    expect((await gateway.call('GET', path, from(address, { key }))).status).toBe(200);
  });

  test('a key that was revoked counts as a wrong one', async () => {
    const address = '198.51.100.7';
    const made = await gateway.call('POST', `/v1/main-accounts/${main}/api-keys`, {
      body: { name: 'short', scopes: ['read'] },
    });
    const key = made.body.key;
    expect((await gateway.call('GET', '/v1/session', from(address, { key }))).status).toBe(200);
    await gateway.call('DELETE', `/v1/main-accounts/${main}/api-keys/${made.body.id}`);
    const replies = await times(PER_ADDRESS + 1, '/v1/session', from(address, { key }));
    // The first request with it was the address's first; the first wrong one was still taken for its own.
    expect(statuses(replies)).toEqual([...repeat(401, PER_ADDRESS), 429]);
  });
});

describe('requests of one credential', () => {
  const own = () => `/v1/main-accounts/${main}`;

  test('a key is limited from any address, without affecting other keys', async () => {
    const [key, other] = [await gateway.apiKey(main, ['read']), await gateway.apiKey(main, ['read'])];
    const replies = [];
    for (let at = 0; at <= PER_CUSTOMER; at += 1)
      replies.push(await gateway.call('GET', own(), from(`192.0.2.${at}`, { key })));
    expect(statuses(replies)).toEqual([...repeat(200, PER_CUSTOMER), 429]);
    expect(replies[0]?.headers.get('ratelimit')).toMatch(/^"key";r=4;t=\d+$/);
    expect(replies[0]?.headers.get('ratelimit-policy')).toBe(`"key";q=${PER_CUSTOMER};w=60`);
    expect(Number(replies.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await gateway.call('GET', own(), from('192.0.2.99', { key: other }))).status).toBe(200);
  });

  test('a session is limited by itself', async () => {
    const logIn = async (address: string) => {
      const reply = await gateway.call(
        'POST',
        '/v1/session',
        from(address, { body: { login: 'kita', password: 'lantern5moss' } }),
      );
      return { cookie: reply.headers.get('set-cookie')?.split(';')[0] ?? '', csrfToken: '' };
    };
    const [one, two] = [await logIn('192.0.2.101'), await logIn('192.0.2.102')];
    const replies = await times(PER_CUSTOMER + 1, own(), from('192.0.2.101', { session: one }));
    expect(statuses(replies)).toEqual([...repeat(200, PER_CUSTOMER), 429]);
    expect((await gateway.call('GET', own(), from('192.0.2.102', { session: two }))).status).toBe(200);
  });

  test('what is refused changes nothing: a write over the limit is none', async () => {
    const key = await gateway.apiKey(main, ['write']);
    await times(PER_CUSTOMER, own(), from('192.0.2.110', { key }));
    const write = await gateway.call(
      'POST',
      `${own()}/sub-accounts`,
      from('192.0.2.110', { key, body: { name: 'TooLate', password: 'lantern5moss', limit: '1' } }),
    );
    expect(write.status).toBe(429);
    const { body } = await gateway.call('GET', `${own()}/sub-accounts?q=TooLate`);
    expect(body.items).toEqual([]);
  });

  test('the SMS service has no limit unless the configuration says one, an operator a high one', async () => {
    const upstream = await times(3 * PER_OPERATOR, '/v1/session', { key: UPSTREAM_KEY });
    expect(new Set(statuses(upstream))).toEqual(new Set([200]));
    expect(upstream[0]?.headers.get('ratelimit')).toBeNull();
    const operator = await times(PER_OPERATOR, '/v1/session', {});
    expect(operator.at(-1)?.status).toBe(429);
  });
});

test('probes are never turned away', async () => {
  const replies = await times(4 * PER_ADDRESS, '/healthz', from('198.51.100.8'));
  expect(new Set(statuses(replies))).toEqual(new Set([200]));
  const ready = await times(4 * PER_ADDRESS, '/readyz', from('198.51.100.8'));
  expect(statuses(ready)).not.toContain(429);
});
