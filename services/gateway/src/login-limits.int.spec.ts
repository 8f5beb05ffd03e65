import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningGateway } from './gateway.js';
import { PASSWORD, type Reply, TestGateway } from './test-support/test-gateway.js';

const PER_ACCOUNT = 4;
const PER_ADDRESS = 8;
let gateway: TestGateway;
let second: RunningGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({
    LOGIN_ATTEMPTS_PER_ACCOUNT: String(PER_ACCOUNT),
    LOGIN_ATTEMPTS_PER_ADDRESS: String(PER_ADDRESS),
    // The suites are the proxy: each test says where it comes from.
    TRUSTED_PROXIES: '127.0.0.1,::1',
  });
  second = await gateway.another();
  await gateway.mainAccount('10', 'Kita');
});
afterAll(async () => {
  await second?.stop();
  await gateway?.stop();
});
afterEach(() => gateway.database.client.query('DELETE FROM gateway.login_attempt'));

interface Try {
  login?: string;
  password?: string;
  ip?: string;
  url?: string;
}
const logIn = ({ login = 'kita', password = 'wrong', ip = '192.0.2.1', url }: Try = {}) =>
  gateway.call('POST', '/v1/session', {
    key: null,
    body: { login, password },
    headers: { 'x-forwarded-for': ip },
    ...(url === undefined ? {} : { url }),
  });
const statuses = async (tries: Try[]) => {
  const found: number[] = [];
  for (const one of tries) found.push((await logIn(one)).status);
  return found;
};
const times = (count: number, one: (index: number) => Try): Try[] =>
  Array.from({ length: count }, (_none, index) => one(index));
const ends = () =>
  gateway.database.client.query(`UPDATE gateway.login_attempt SET ends_at = now() - interval '1 second'`);

describe('failed logins', () => {
  test('of one account are limited, wherever they come from; then even the right password waits', async () => {
    const from = (index: number) => `192.0.2.${index}`;
    expect(await statuses(times(PER_ACCOUNT, (index) => ({ ip: from(index) })))).toEqual([
      401, 401, 401, 401,
    ]);
    const limited = await logIn({ password: PASSWORD, ip: '192.0.2.99' });
    expect([limited.status, limited.body.code]).toEqual([429, 'too-many-requests']);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(800);
    expect(Number(limited.headers.get('retry-after'))).toBeLessThanOrEqual(900);
    await ends();
    expect((await logIn({ password: PASSWORD })).status).toBe(201);
  });

  test('of an account that does not exist look just the same', async () => {
    const known: Reply[] = [];
    const unknown: Reply[] = [];
    for (let index = 0; index <= PER_ACCOUNT; index += 1) {
      known.push(await logIn({ ip: `192.0.2.${index}` }));
      unknown.push(await logIn({ login: 'nobody', ip: `198.51.100.${index}` }));
    }
    const seen = (replies: Reply[]) =>
      replies.map(({ status, body: { instance: _id, ...rest } }) => [status, rest]);
    expect(seen(unknown)).toEqual(seen(known));
    expect(known.at(-1)?.status).toBe(429);
  });

  test('are counted by both instances together, and many at once do not pass', async () => {
    const replies = await Promise.all(
      times(12, (index) => ({
        ip: `203.0.113.${index}`,
        ...(index % 2 === 0 ? {} : { url: second.url }),
      })).map(logIn),
    );
    const count = (status: number) => replies.filter((reply) => reply.status === status).length;
    expect([count(401), count(429)]).toEqual([PER_ACCOUNT, 12 - PER_ACCOUNT]);
  });

  test('from one address are limited, whatever the account; other addresses go on', async () => {
    const all = await statuses(times(PER_ADDRESS + 2, (index) => ({ login: `user${index}` })));
    expect(all).toEqual([...Array.from({ length: PER_ADDRESS }, () => 401), 429, 429]);
    expect((await logIn({ password: PASSWORD })).status).toBe(429);
    expect((await logIn({ password: PASSWORD, ip: '192.0.2.2' })).status).toBe(201);
  });

  test('an address that is refused does not lock accounts', async () => {
    await statuses(times(PER_ADDRESS, (index) => ({ login: `user${index}` })));
    expect(await statuses(times(PER_ACCOUNT + 1, () => ({})))).toEqual([429, 429, 429, 429, 429]);
    expect((await logIn({ password: PASSWORD, ip: '192.0.2.2' })).status).toBe(201);
  });

  test('of one IPv6 network count together', async () => {
    const all = await statuses(
      times(PER_ADDRESS + 1, (index) => ({ login: `user${index}`, ip: `2001:db8:0:1::${index + 1}` })),
    );
    expect(all.at(-1)).toBe(429);
    expect((await logIn({ login: 'user', ip: '2001:db8:0:2::1' })).status).toBe(401);
  });

  test('a right password begins the account anew, and costs the address nothing', async () => {
    for (let round = 0; round < PER_ADDRESS + 1; round += 1) {
      expect((await logIn({ password: PASSWORD })).status).toBe(201);
    }
    await statuses(times(PER_ACCOUNT - 1, () => ({})));
    expect((await logIn({ password: PASSWORD })).status).toBe(201);
    expect(await statuses(times(PER_ACCOUNT, () => ({})))).toEqual([401, 401, 401, 401]);
  });

  test('at changing the password count, too', async () => {
    const session = await gateway.logIn({ login: 'kita' });
    const change = async () =>
      (
        await gateway.call('PUT', '/v1/session/password', {
          session,
          body: { currentPassword: 'wrong', newPassword: 'long enough' },
        })
      ).status;
    const found = [];
    for (let round = 0; round <= PER_ACCOUNT; round += 1) found.push(await change());
    expect(found).toEqual([422, 422, 422, 422, 429]);
  });

  test('leave nothing behind for long', async () => {
    await statuses(times(6, (index) => ({ login: `user${index}` })));
    await gateway.database.client.query(
      `UPDATE gateway.login_attempt SET ends_at = now() - interval '1 hour'`,
    );
    await logIn({ login: 'another', ip: '192.0.2.77' });
    const { rows } = await gateway.database.client.query('SELECT 1 FROM gateway.login_attempt');
    expect(rows).toHaveLength(2);
  });
});

test('a forwarded address of somebody who is no proxy is not believed', async () => {
  const plain = await gateway.another({ TRUSTED_PROXIES: '' });
  const found = [];
  for (let index = 0; index <= PER_ADDRESS; index += 1) {
    found.push((await logIn({ login: `u${index}`, ip: `192.0.2.${index}`, url: plain.url })).status);
  }
  await plain.stop();
  expect(found.at(-1)).toBe(429);
});
