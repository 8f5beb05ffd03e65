import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OPERATOR_KEY, TestGateway, type TestSession } from '../test-support/test-gateway.js';

const FIRST = { OPERATOR_LOGIN: 'first', OPERATOR_PASSWORD: 'first-kept-words' };
const SECOND = { OPERATOR_LOGIN: 'second', OPERATOR_PASSWORD: 'second-kept-words' };
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway?.stop());

/** Starts an instance with this configuration, and stops it. */
const configure = async (env: Record<string, string>) => (await gateway.another(env)).stop();
const loginStatus = async ({ OPERATOR_LOGIN: login, OPERATOR_PASSWORD: password }: typeof FIRST) =>
  (await gateway.call('POST', '/v1/session', { key: null, body: { login, password } })).status;
const logIn = ({ OPERATOR_LOGIN: login, OPERATOR_PASSWORD: password }: typeof FIRST) =>
  gateway.logIn({ login, password });
const isOver = async (session: TestSession) =>
  (await gateway.call('GET', '/v1/session', { session })).status === 401;

describe('the configured operator', () => {
  test('follows the configuration: another login ends the old one and its sessions', async () => {
    await configure(FIRST);
    const session = await logIn(FIRST);
    await configure(SECOND);
    expect([await loginStatus(FIRST), await isOver(session)]).toEqual([401, true]);
    expect(await loginStatus(SECOND)).toBe(201);
    const { rows } = await gateway.database.client.query('SELECT kind, login_key FROM gateway.session');
    expect(rows).toEqual([{ kind: 'operator', login_key: 'second' }]);
  });

  test('does not exist if the configuration names none', async () => {
    await configure(SECOND);
    const session = await logIn(SECOND);
    await configure({ OPERATOR_LOGIN: '', OPERATOR_PASSWORD: '' });
    expect([await loginStatus(SECOND), await isOver(session)]).toEqual([401, true]);
  });

  test('keeps its sessions over a restart, and shows its login as configured', async () => {
    await configure(FIRST);
    const session = await logIn(FIRST);
    await configure({ ...FIRST, OPERATOR_LOGIN: 'FIRST' });
    const { body } = await gateway.call('GET', '/v1/session', { session });
    expect(body).toMatchObject({ who: 'operator', login: 'FIRST' });
  });

  test('is one, also where instances start at the same time', async () => {
    await configure(SECOND);
    const both = await Promise.all([gateway.another(FIRST), gateway.another(FIRST)]);
    const session = await logIn(FIRST);
    for (const one of both) await one.stop();
    expect(await isOver(session)).toBe(false);
    const { rows } = await gateway.database.client.query('SELECT login_key FROM gateway.login');
    expect(rows).toEqual([{ login_key: 'first' }]);
  });

  test('leaves other operators unchanged', async () => {
    await configure(FIRST);
    await gateway.database.client.query(
      `INSERT INTO gateway.login (login_key, login, kind, password_hash)
       SELECT 'colleague', 'Colleague', 'operator', password_hash FROM gateway.login WHERE login_key = 'first'`,
    );
    const session = await gateway.logIn({ login: 'colleague', password: FIRST.OPERATOR_PASSWORD });
    await configure(SECOND);
    expect([await loginStatus(FIRST), await isOver(session)]).toEqual([401, false]);
  });

  test('cannot be a customer; then the one before stays', async () => {
    await configure(SECOND);
    await gateway.mainAccount('1', 'Customer');
    await expect(gateway.another({ ...FIRST, OPERATOR_LOGIN: 'customer' })).rejects.toThrow(
      'OPERATOR_LOGIN is the login of a main account',
    );
    expect(await loginStatus(SECOND)).toBe(201);
  });
});

test('the configured key follows the configuration', async () => {
  const ask = async (key: string) => (await gateway.call('GET', '/v1/session', { key })).status;
  expect(await ask(OPERATOR_KEY)).toBe(200);
  const other = 'another-operator-key-of-the-suites-0123';
  const second = await gateway.another({ OPERATOR_API_KEY: other });
  const of = async (key: string) =>
    (await gateway.call('GET', '/v1/session', { key, url: second.url })).status;
  expect([await of(other), await of(OPERATOR_KEY)]).toEqual([200, 401]);
  await second.stop();
});
