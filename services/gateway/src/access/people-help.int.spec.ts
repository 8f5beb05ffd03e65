import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PASSWORD, TestGateway, type TestSession } from '../test-support/test-gateway.js';

const ANOTHER = 'harbour7lights';
let gateway: TestGateway;
let main: string;
let mainAccount: string;
let sub: string;
beforeAll(async () => {
  gateway = await TestGateway.start({
    LOGIN_ATTEMPTS_PER_NETWORK: '2',
    LOGIN_DELAY_FIRST_MS: '60000',
  });
  main = await gateway.mainAccount('1000', 'Kita');
  mainAccount = await gateway.loginKey(main);
  sub = await gateway.subAccount(main, 'Reception');
});
afterAll(() => gateway?.stop());

const path = (rest: string, id = main) => `/v1/main-accounts/${id}${rest}`;
const isOver = async (session: TestSession) =>
  (await gateway.call('GET', '/v1/session', { session })).status === 401;
const status = async (body: object) =>
  (await gateway.call('POST', '/v1/session', { key: null, body })).status;
const asSub = () => gateway.logIn({ mainAccount, subAccount: 'Reception' });

describe('an operator', () => {
  test('sets the password of a customer: its sessions end, and waits for failed logins are reset', async () => {
    const [session, subSession] = [await gateway.logIn({ login: 'kita' }), await asSub()];
    for (let round = 0; round < 3; round += 1) await status({ login: 'kita', password: 'wrong' });
    const body = { password: ANOTHER };
    expect((await gateway.call('PUT', path('/password'), { body })).status).toBe(204);
    expect([await isOver(session), await isOver(subSession)]).toEqual([true, false]);
    expect(await status({ login: 'kita', password: ANOTHER })).toBe(201);
    expect(await status({ login: 'kita', password: PASSWORD })).toBe(401);
    expect((await gateway.call('PUT', path('/password'), { body: { password: PASSWORD } })).status).toBe(204);
  });

  test.each([
    ['a common one', 'password1', 'must not be a common password'],
    ['the login', 'kita2026', 'must not be the login, or the login with a few characters more'],
  ])('cannot set %s', async (_what, password, message) => {
    const { status, body } = await gateway.call('PUT', path('/password'), { body: { password } });
    expect([status, body.errors]).toEqual([422, [{ path: 'password', message }]]);
  });

  test('gets an error if there is no login', async () => {
    const { body: made } = await gateway.call('POST', '/v1/main-accounts', {
      body: { name: 'No login', plan: 'prepay' },
    });
    const { status, body } = await gateway.call('PUT', path('/password', made.id), {
      body: { password: ANOTHER },
    });
    expect([status, body.code, body.detail]).toEqual([
      404,
      'not-found',
      'The customer was created without a login.',
    ]);
  });

  test('ends the sessions of a customer, not those of its sub-accounts or of others', async () => {
    await gateway.mainAccount('1', 'Minami');
    const [session, subSession, other] = [
      await gateway.logIn({ login: 'kita' }),
      await asSub(),
      await gateway.logIn({ login: 'minami' }),
    ];
    expect((await gateway.call('DELETE', path('/sessions'))).status).toBe(204);
    expect([await isOver(session), await isOver(subSession), await isOver(other)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await status({ login: 'kita', password: PASSWORD })).toBe(201);
  });
});

describe('a customer', () => {
  test('ends the sessions of a sub-account', async () => {
    const [owner, subSession] = [await gateway.logIn({ login: 'kita' }), await asSub()];
    const reply = await gateway.call('DELETE', path(`/sub-accounts/${sub}/sessions`), { session: owner });
    expect(reply.status).toBe(204);
    expect([await isOver(owner), await isOver(subSession)]).toEqual([false, true]);
    expect(await isOver(await asSub())).toBe(false);
  });

  test('ends its own sessions, including that of the request', async () => {
    const session = await gateway.logIn({ login: 'kita' });
    expect((await gateway.call('DELETE', path('/sessions'), { session })).status).toBe(204);
    expect(await isOver(session)).toBe(true);
  });
});
