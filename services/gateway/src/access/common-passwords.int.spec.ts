import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PASSWORD, type Reply, TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
let main: string;
let mainAccount: string;
let sub: string;
beforeAll(async () => {
  gateway = await TestGateway.start({ OPERATOR_LOGIN: 'helpdesk', OPERATOR_PASSWORD: 'a-kept-operator' });
  main = await gateway.mainAccount('1000', 'kita-clinic');
  mainAccount = await gateway.loginKey(main);
  sub = await gateway.subAccount(main, 'Reception');
});
afterAll(() => gateway?.stop());

const subsPath = (path = '') => `/v1/main-accounts/${main}/sub-accounts${path}`;
const fault = ({ status, body }: Reply) => [status, body.errors?.[0]];
const own = async (login: Record<string, string>, newPassword: string) => {
  const session = await gateway.logIn(login);
  const body = { currentPassword: login.password ?? PASSWORD, newPassword };
  return gateway.call('PUT', '/v1/session/password', { session, body });
};

const COMMON = 'must not be a common password';
const LOGIN = 'must not be the login, or the login with a few characters more';

/** Every way to set somebody's password, with a password that guessers try first. */
describe('a password that guessers try first is refused', () => {
  const newMain = (password: string) =>
    gateway.call('POST', '/v1/main-accounts', {
      body: { name: 'New', plan: 'prepay', login: 'minami-shop', password },
    });
  const newSub = (password: string) =>
    gateway.call('POST', subsPath(), { body: { name: 'Billing', password, limit: '1' } });
  const patchSub = (body: object) => gateway.call('PATCH', subsPath(`/${sub}`), { body });

  test.each<[string, () => Promise<Reply>, string, string]>([
    ['of a new main account', () => newMain('password'), 'password', COMMON],
    ['of a new main account, its login', () => newMain('minami-shop1'), 'password', LOGIN],
    ['of a new sub-account', () => newSub('12345678'), 'password', COMMON],
    ['of a new sub-account, its name', () => newSub('billing2026'), 'password', LOGIN],
    ['set by the main account', () => patchSub({ password: 'Password1' }), 'password', COMMON],
    ['set by the main account, the name', () => patchSub({ password: 'reception1' }), 'password', LOGIN],
    ['set with a limit', () => patchSub({ password: 'iloveyou1', limit: '2' }), 'password', COMMON],
    [
      'set with a new name, that name',
      () => patchSub({ name: 'Dispatch', password: 'dispatch99' }),
      'password',
      LOGIN,
    ],
    [
      'set with a new name, the old name',
      () => patchSub({ name: 'Dispatch', password: 'reception99' }),
      'password',
      LOGIN,
    ],
    [
      'of an operator, by itself',
      () => own({ login: 'helpdesk', password: 'a-kept-operator' }, 'passwordpassword'),
      'newPassword',
      COMMON,
    ],
    [
      'of an operator, its login',
      () => own({ login: 'helpdesk', password: 'a-kept-operator' }, 'Helpdesk-2026'),
      'newPassword',
      LOGIN,
    ],
    [
      'of a main account, by itself',
      () => own({ login: 'kita-clinic' }, 'qwertyuiop'),
      'newPassword',
      COMMON,
    ],
    [
      'of a sub-account, by itself',
      () => own({ mainAccount, subAccount: 'Reception' }, 'Reception7'),
      'newPassword',
      LOGIN,
    ],
  ])('%s', async (_what, ask, path, message) => {
    expect(fault(await ask())).toEqual([422, { path, message }]);
  });

  test('and nothing was changed', async () => {
    expect((await gateway.call('GET', subsPath(`/${sub}`))).body).toMatchObject({
      name: 'Reception',
      limit: '100',
    });
    await gateway.logIn({ mainAccount, subAccount: 'Reception' });
  });
});
