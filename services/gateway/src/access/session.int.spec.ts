import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  PASSWORD,
  type Reply,
  sessionOf,
  TestGateway,
  type TestSession,
  UPSTREAM_KEY,
} from '../test-support/test-gateway.js';

let gateway: TestGateway;
let main: string;
let mainAccount: string;
beforeAll(async () => {
  gateway = await TestGateway.start({
    OPERATOR_LOGIN: 'Root',
    OPERATOR_PASSWORD: 'operator-pass',
    LOGIN_ATTEMPTS_PER_ADDRESS: '1000',
    LOG_LEVEL: 'trace',
  });
  main = await gateway.mainAccount('100000', 'Kita');
  mainAccount = await gateway.loginKey(main);
});
afterAll(() => gateway?.stop());

const logIn = (body: object, headers: Record<string, string> = {}) =>
  gateway.call('POST', '/v1/session', { key: null, body, headers });
const whoAmI = (session: TestSession) => gateway.call('GET', '/v1/session', { session });
const subPath = (sub: string) => `/v1/main-accounts/${main}/sub-accounts/${sub}`;
const isOver = async (session: TestSession) => (await whoAmI(session)).status === 401;

describe('logging in', () => {
  test('as a main account: 201, a cookie that pages cannot read, and who it is; login in any case', async () => {
    const reply = await logIn({ login: 'kITA', password: PASSWORD });
    expect(reply.status).toBe(201);
    expect(reply.headers.get('location')).toBe('/v1/session');
    expect(reply.headers.get('set-cookie')).toMatch(
      /^subledger_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax, subledger_device=[\w-]{43}; Max-Age=15552000; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    expect(reply.body).toEqual({
      who: 'main',
      name: 'Kita',
      login: 'Kita',
      mainAccountId: main,
      subAccountId: null,
      scopes: ['read', 'write'],
      csrfToken: expect.stringMatching(/^[\w-]{43}$/),
      expiresAt: expect.any(String),
    });
    const session = sessionOf(reply);
    expect((await whoAmI(session)).body).toEqual(reply.body);
    const renamed = await gateway.call('POST', `/v1/main-accounts/${main}/activation-request`, { session });
    expect(renamed.status).toBe(200);
  });

  test('as an operator, and as a sub-account by login key and name', async () => {
    const operator = await gateway.logIn({ login: 'root', password: 'operator-pass' });
    expect((await whoAmI(operator)).body).toMatchObject({
      who: 'operator',
      login: 'Root',
      scopes: ['operator'],
    });
    expect((await gateway.call('GET', '/v1/main-accounts', { session: operator })).status).toBe(200);
    const id = await gateway.subAccount(main, 'Sales1', '120');
    const sub = await gateway.logIn({ mainAccount, subAccount: 'sALES1' });
    expect((await whoAmI(sub)).body).toMatchObject({
      who: 'sub',
      name: 'Sales1',
      login: null,
      mainAccountId: main,
      subAccountId: id,
    });
    const { body } = await gateway.call('GET', '/v1/me', { session: sub });
    expect(body).toMatchObject({ id, name: 'Sales1', status: 'active', limit: '120', remaining: '120' });
    expect(body.mainAccount).toEqual({ id: main, name: 'Kita', timeZone: 'Asia/Tokyo' });
  });

  test('GET /v1/session describes a key', async () => {
    const key = await gateway.apiKey(main, ['read']);
    expect((await gateway.call('GET', '/v1/session', { key })).body).toEqual({
      who: 'main',
      name: 'suite',
      login: null,
      mainAccountId: main,
      subAccountId: null,
      scopes: ['read'],
      csrfToken: null,
      expiresAt: null,
    });
    const upstream = await gateway.call('GET', '/v1/session', { key: UPSTREAM_KEY });
    expect(upstream.body).toMatchObject({ who: 'upstream', scopes: ['upstream'], mainAccountId: null });
  });

  test('over HTTPS the cookie is Secure and bound to the host', async () => {
    const https = await gateway.another({ PUBLIC_URL: 'https://points.test' });
    const { headers } = await gateway.call('POST', '/v1/session', {
      key: null,
      url: https.url,
      body: { login: 'kita', password: PASSWORD },
    });
    await https.stop();
    expect(headers.get('set-cookie')).toMatch(
      /^__Host-subledger_session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax, __Host-subledger_device=[\w-]{43}; Max-Age=15552000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  test('is answered alike for an unknown login, a wrong password, and a sub-account that is not active', async () => {
    const off = await gateway.subAccount(main, 'Off');
    await gateway.call('POST', `${subPath(off)}/deactivate`);
    const gone = await gateway.subAccount(main, 'Gone');
    await gateway.call('DELETE', subPath(gone));
    await gateway.subAccount(main, 'There');
    const replies: Reply[] = [];
    for (const body of [
      { login: 'kita', password: 'wrong' },
      { login: 'root', password: PASSWORD },
      { login: 'nobody', password: PASSWORD },
      { mainAccount, subAccount: 'There', password: 'wrong' },
      { mainAccount, subAccount: 'Nowhere', password: PASSWORD },
      { mainAccount: 'nowhere', subAccount: 'There', password: PASSWORD },
      { mainAccount, subAccount: 'Off', password: PASSWORD },
      { mainAccount, subAccount: 'Gone', password: PASSWORD },
    ])
      replies.push(await logIn(body));
    for (const { status, body, headers } of replies) {
      const { instance, ...rest } = body;
      const { instance: _first, ...expected } = replies[0]?.body ?? {};
      expect([status, rest]).toEqual([401, expected]);
      expect(instance).toMatch(/^req_/);
      expect(headers.get('set-cookie')).toBeNull();
      expect([...headers.keys()].sort()).toEqual([...(replies[0]?.headers.keys() ?? [])].sort());
    }
  });

  test('takes as long for an unknown login as for a wrong password', async () => {
    const timeOf = async (login: string) => {
      const startedAt = performance.now();
      await logIn({ login, password: 'wrong' });
      return performance.now() - startedAt;
    };
    const known: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      known.push(await timeOf('kita'));
      unknown.push(await timeOf(`nobody${round}`));
    }
    await logIn({ login: 'kita', password: PASSWORD });
    // The fastest of each: what the machine does beside it only adds. Without a password to compare with, an unknown
    // login takes a third of the time.
    const [wrong, nobody] = [Math.min(...known), Math.min(...unknown)];
    expect(nobody).toBeGreaterThan(wrong * 0.6);
    expect(nobody).toBeLessThan(wrong * 1.6);
  });

  test.each<[string, object, string[]]>([
    ['nothing', {}, ['login', 'password']],
    ['no password', { login: 'kita' }, ['password']],
    ['half a sub-account', { mainAccount: 'x', password: 'x' }, ['subAccount']],
    ['a number', { login: 'kita', password: 12345678 }, ['password']],
    ['an unknown field', { login: 'kita', password: 'x', remember: true }, ['remember']],
  ])('with %s is 422 naming the fields', async (_what, body, paths) => {
    const answer = await logIn(body);
    expect([answer.status, answer.body.code]).toEqual([422, 'validation-failed']);
    expect(answer.body.errors.map((error: { path: string }) => error.path).sort()).toEqual(paths);
  });

  test('again rotates the cookie, and the previous session ends', async () => {
    const first = await gateway.logIn({ login: 'kita' });
    const again = await logIn({ login: 'kita', password: PASSWORD }, { cookie: first.cookie });
    const second = sessionOf(again);
    expect(second.cookie).not.toBe(first.cookie);
    expect(second.csrfToken).not.toBe(first.csrfToken);
    expect([await isOver(first), await isOver(second)]).toEqual([true, false]);
  });

  test('a key in the request has priority over any cookie', async () => {
    const session = await gateway.logIn({ login: 'kita' });
    const key = await gateway.apiKey(main, ['write']);
    const reply = await gateway.call('POST', `/v1/main-accounts/${main}/activation-request`, {
      key,
      headers: { cookie: session.cookie },
    });
    expect(reply.status).toBe(200);
    const wrong = await gateway.call('GET', '/v1/session', {
      key: 'slk_x',
      headers: { cookie: session.cookie },
    });
    expect(wrong.status).toBe(401);
  });
});

test('no password, cookie, token or key is in a log or in the database as it is', async () => {
  const session = await gateway.logIn({ login: 'kita' });
  await logIn({ login: 'kita', password: 'wrong-but-private' });
  await gateway.call('GET', '/v1/session', { session });
  const { rows } = await gateway.database.client.query(
    `SELECT coalesce(string_agg(t::text, ' '), '') AS text FROM (SELECT * FROM gateway.session) t
     UNION ALL SELECT coalesce(string_agg(t::text, ' '), '') FROM (SELECT * FROM gateway.login_attempt) t
     UNION ALL SELECT coalesce(string_agg(t::text, ' '), '') FROM (SELECT * FROM gateway.login) t`,
  );
  const token = session.cookie.split('=')[1] ?? '';
  const everything = [...gateway.logged, ...rows.map((row: { text: string }) => row.text)].join('\n');
  expect(gateway.logged.length).toBeGreaterThan(0);
  for (const secret of [PASSWORD, 'wrong-but-private', 'operator-pass', token, session.csrfToken])
    expect(everything).not.toContain(secret);
});
