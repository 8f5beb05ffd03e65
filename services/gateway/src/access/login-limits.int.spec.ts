import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningGateway } from '../gateway.js';
import { PASSWORD, type Reply, TestGateway } from '../test-support/test-gateway.js';

const PER_NETWORK = 4;
const PER_ACCOUNT = 8;
const PER_ADDRESS = 20;
/** Long enough for a slow machine to be refused in time. */
const FIRST_SECONDS = 30;
const ACCOUNT_SECONDS = 60;
const WINDOW_SECONDS = 900;
let gateway: TestGateway;
let second: RunningGateway;
let main: string;
beforeAll(async () => {
  gateway = await TestGateway.start({
    LOGIN_ATTEMPTS_PER_NETWORK: String(PER_NETWORK),
    LOGIN_ATTEMPTS_PER_ACCOUNT: String(PER_ACCOUNT),
    LOGIN_ATTEMPTS_PER_ADDRESS: String(PER_ADDRESS),
    LOGIN_DELAY_FIRST_MS: String(FIRST_SECONDS * 1_000),
    LOGIN_DELAY_MAX_MS: String(ACCOUNT_SECONDS * 1_000),
    LOGIN_WINDOW_MS: String(WINDOW_SECONDS * 1_000),
    // The suites are the proxy: each test says where it comes from.
    TRUSTED_PROXIES: '127.0.0.1,::1',
  });
  second = await gateway.another();
  main = await gateway.mainAccount('10', 'Kita');
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
  /** Of the device. */
  cookie?: string;
}
const logIn = ({ login = 'kita', password = 'wrong', ip = '192.0.2.1', url, cookie }: Try = {}) =>
  gateway.call('POST', '/v1/session', {
    key: null,
    body: { login, password },
    headers: { 'x-forwarded-for': ip, ...(cookie === undefined ? {} : { cookie }) },
    ...(url === undefined ? {} : { url }),
  });
const statuses = async (tries: Try[]) => {
  const found: number[] = [];
  for (const one of tries) found.push((await logIn(one)).status);
  return found;
};
const times = (count: number, one: (index: number) => Try): Try[] =>
  Array.from({ length: count }, (_none, index) => one(index));
const repeat = (status: number, count: number): number[] => Array.from({ length: count }, () => status);
/** An address of another network each. */
const elsewhere = (index: number) => `198.51.${index}.1`;
function expectWait({ status, headers }: Reply, seconds: number): void {
  expect(status).toBe(429);
  const wait = Number(headers.get('retry-after'));
  expect(wait).toBeLessThanOrEqual(seconds);
  expect(wait).toBeGreaterThan(seconds - 15);
}
/** Time passes: whoever had to wait may try again. */
const pause = () => gateway.database.client.query(`UPDATE gateway.login_attempt SET next_at = now()`);
const deviceOf = (reply: Reply) =>
  reply.headers
    .getSetCookie()
    .find((cookie) => cookie.startsWith('subledger_device='))
    ?.split(';')[0] ?? '';
const attack = (networks = PER_ACCOUNT) => statuses(times(networks, (index) => ({ ip: elsewhere(index) })));

describe('failed logins to one account', () => {
  test('make their network wait, not the owner elsewhere', async () => {
    const from = (index: number) => `192.0.2.${index}`;
    expect(await statuses(times(PER_NETWORK, (index) => ({ ip: from(index) })))).toEqual(
      repeat(401, PER_NETWORK),
    );
    const limited = await logIn({ password: PASSWORD, ip: from(99) });
    expect([limited.status, limited.body.code]).toEqual([429, 'too-many-requests']);
    expect(await statuses([{ password: PASSWORD, ip: '203.0.113.1' }])).toEqual([201]);
  });

  test('make it wait twice as long each time, up to the window', async () => {
    await statuses(times(PER_NETWORK, () => ({})));
    for (const seconds of [30, 60, 120, 240, 480, WINDOW_SECONDS, WINDOW_SECONDS]) {
      expectWait(await logIn(), seconds);
      await pause();
      expect((await logIn()).status).toBe(401);
    }
  });

  test('that are refused do not count: the wait does not start over', async () => {
    await statuses(times(PER_NETWORK, () => ({})));
    await statuses(times(10, () => ({})));
    await pause();
    expect(await statuses([{}, {}])).toEqual([401, 429]);
    const { rows } = await gateway.database.client.query(
      'SELECT max(attempts) AS attempts FROM gateway.login_attempt',
    );
    expect(rows[0].attempts).toBe(PER_NETWORK + 1);
  });

  test('from many networks make others wait, but never longer than the bound', async () => {
    expect(await attack()).toEqual(repeat(401, PER_ACCOUNT));
    expectWait(await logIn({ password: PASSWORD }), FIRST_SECONDS);
    await gateway.database.client.query(`UPDATE gateway.login_attempt SET attempts = 1000, next_at = now()
      WHERE attempts = ${PER_ACCOUNT}`);
    expect((await logIn({ ip: '203.0.113.1' })).status).toBe(401);
    expectWait(await logIn({ password: PASSWORD }), ACCOUNT_SECONDS);
    await pause();
    expect((await logIn({ password: PASSWORD })).status).toBe(201);
  });

  test('of an account that does not exist look just the same', async () => {
    const known: Reply[] = [];
    const unknown: Reply[] = [];
    for (let index = 0; index <= PER_NETWORK; index += 1) {
      known.push(await logIn({ ip: `192.0.2.${index}` }));
      unknown.push(await logIn({ login: 'nobody', ip: `203.0.113.${index}` }));
    }
    const seen = (replies: Reply[]) =>
      replies.map(({ status, headers, body: { instance: _id, ...rest } }) => [
        status,
        headers.has('retry-after'),
        rest,
      ]);
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
    expect([count(401), count(429)]).toEqual([PER_NETWORK, 12 - PER_NETWORK]);
  });

  test('a correct password resets the account, and does not count for the address', async () => {
    for (let round = 0; round < PER_ADDRESS + 1; round += 1) {
      expect((await logIn({ password: PASSWORD })).status).toBe(201);
    }
    await statuses(times(PER_NETWORK - 1, () => ({})));
    expect((await logIn({ password: PASSWORD })).status).toBe(201);
    expect(await statuses(times(PER_NETWORK, () => ({})))).toEqual(repeat(401, PER_NETWORK));
  });

  test('are reset by an operator', async () => {
    await attack();
    expect(await statuses([{ password: PASSWORD }, { login: 'nobody' }])).toEqual([429, 401]);
    const reset = await gateway.call('POST', `/v1/main-accounts/${main}/login-attempts:reset`);
    expect(reset.status).toBe(204);
    expect((await logIn({ password: PASSWORD })).status).toBe(201);
    // Those of others stay: two addresses and an unknown login, each with its network.
    const { rows } = await gateway.database.client.query(
      'SELECT 1 FROM gateway.login_attempt WHERE main_account_id IS NULL AND attempts > 0',
    );
    expect(rows.length).toBe(PER_ACCOUNT + 3);
  });
});

describe('a known device', () => {
  test('has priority over attempts elsewhere, on its network and on its address', async () => {
    const cookie = deviceOf(await logIn({ password: PASSWORD }));
    await attack();
    await statuses(times(PER_ADDRESS, (index) => ({ login: `user${index}` })));
    expect(await statuses([{ password: PASSWORD }, { password: PASSWORD, cookie }])).toEqual([429, 201]);
    // The right password does not help those who guess.
    expect((await logIn({ ip: '203.0.113.1' })).status).toBe(429);
  });

  test('waits for its own failures alone', async () => {
    const [one, two] = [
      deviceOf(await logIn({ password: PASSWORD })),
      deviceOf(await logIn({ password: PASSWORD })),
    ];
    expect(await statuses(times(PER_NETWORK + 1, () => ({ cookie: one })))).toEqual([
      ...repeat(401, PER_NETWORK),
      429,
    ]);
    expect(
      await statuses([
        { password: PASSWORD, cookie: one },
        { password: PASSWORD, cookie: two },
      ]),
    ).toEqual([429, 201]);
    expect((await logIn({ password: PASSWORD })).status).toBe(201);
  });

  test('is known for the accounts that it logged in to; its cookie is replaced when one is added', async () => {
    await gateway.mainAccount('10', 'Minami');
    const first = deviceOf(await logIn({ password: PASSWORD }));
    const again = deviceOf(await logIn({ password: PASSWORD, cookie: first }));
    expect(again).toBe(first);
    const both = deviceOf(await logIn({ login: 'minami', password: PASSWORD, cookie: first }));
    expect(both).not.toBe(first);
    await attack();
    expect(
      await statuses([
        { password: PASSWORD, cookie: first },
        { password: PASSWORD, cookie: both },
      ]),
    ).toEqual([429, 201]);
  });

  test('is not known by an invented cookie, by that of another account, or after its time', async () => {
    const other = deviceOf(await logIn({ login: 'minami', password: PASSWORD }));
    const old = deviceOf(await logIn({ password: PASSWORD }));
    await gateway.database.client.query(`UPDATE gateway.known_device SET expires_at = now() - interval '1 second'
      WHERE token_hash = sha256(convert_to('${old.split('=')[1]}', 'UTF8'))`);
    await attack();
    const tries = ['subledger_device=made-up', other, old].map((cookie) => ({ password: PASSWORD, cookie }));
    expect(await statuses(tries)).toEqual([429, 429, 429]);
  });
});

describe('failed logins from one address', () => {
  test('are limited for any accounts; other addresses are not affected', async () => {
    const all = await statuses(times(PER_ADDRESS + 2, (index) => ({ login: `user${index}` })));
    expect(all).toEqual([...repeat(401, PER_ADDRESS), 429, 429]);
    const refused = await logIn({ password: PASSWORD });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(WINDOW_SECONDS - 30);
    expect((await logIn({ password: PASSWORD, ip: '192.0.2.2' })).status).toBe(201);
  });

  test('that is refused do not slow accounts down', async () => {
    await statuses(times(PER_ADDRESS, (index) => ({ login: `user${index}` })));
    expect(await statuses(times(PER_NETWORK + 1, () => ({})))).toEqual(repeat(429, PER_NETWORK + 1));
    expect((await logIn({ password: PASSWORD, ip: '192.0.2.2' })).status).toBe(201);
  });

  test('of one IPv6 network count together', async () => {
    const all = await statuses(
      times(PER_ADDRESS + 1, (index) => ({ login: `user${index}`, ip: `2001:db8:0:1::${index + 1}` })),
    );
    expect(all.at(-1)).toBe(429);
    expect((await logIn({ login: 'user', ip: '2001:db8:0:2::1' })).status).toBe(401);
  });
});

describe('failed changes of the own password', () => {
  const change = async (session: { cookie: string; csrfToken: string }, currentPassword = 'wrong') => {
    const body = { currentPassword, newPassword: 'words to keep' };
    return (await gateway.call('PUT', '/v1/session/password', { session, body })).status;
  };

  test('are limited', async () => {
    const session = await gateway.logIn({ login: 'kita' });
    const found = [];
    for (let round = 0; round <= PER_NETWORK; round += 1) found.push(await change(session));
    expect(found).toEqual([...repeat(422, PER_NETWORK), 429]);
  });

  test('are counted apart from logins: no stranger keeps the owner from it', async () => {
    await gateway.mainAccount('10', 'Careful');
    const session = await gateway.logIn({ login: 'careful' });
    await statuses(times(PER_ACCOUNT, (index) => ({ login: 'careful', ip: elsewhere(index) })));
    expect(await change(session, PASSWORD)).toBe(200);
  });
});

test('old counts do not stay for long', async () => {
  await statuses(times(6, (index) => ({ login: `user${index}` })));
  await gateway.database.client.query(
    `UPDATE gateway.login_attempt SET ends_at = now() - interval '1 hour', next_at = NULL`,
  );
  await logIn({ login: 'another', ip: '203.0.113.77' });
  const { rows } = await gateway.database.client.query('SELECT 1 FROM gateway.login_attempt');
  expect(rows).toHaveLength(3);
});

test('a forwarded address is not trusted unless it comes from a proxy', async () => {
  const plain = await gateway.another({ TRUSTED_PROXIES: '' });
  const found = [];
  for (let index = 0; index <= PER_NETWORK; index += 1) {
    found.push((await logIn({ ip: elsewhere(index), url: plain.url })).status);
  }
  await plain.stop();
  expect(found.at(-1)).toBe(429);
});
