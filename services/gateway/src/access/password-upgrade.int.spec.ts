import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hash } from '@node-rs/argon2';
import { PASSWORD, TestGateway } from '../test-support/test-gateway.js';

const CURRENT = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;
let gateway: TestGateway;
let main: string;
let sub: string;

beforeAll(async () => {
  gateway = await TestGateway.start();
  main = await gateway.mainAccount('1000', 'kita');
  sub = await gateway.subAccount(main, 'Own');
});
afterAll(() => gateway?.stop());

const weakHash = () => hash(PASSWORD, { algorithm: 2, memoryCost: 8_192, timeCost: 1, parallelism: 1 });
const one = async (sql: string, values: unknown[]) =>
  (await gateway.database.client.query(sql, values)).rows[0];

describe('a hash with parameters of before', () => {
  test.each([
    ['a main account', 'login', 'login_key = $1', () => 'kita', async () => ({ login: 'kita' })],
    [
      'a sub-account',
      'sub_account',
      'id = $1',
      () => sub,
      async () => ({ mainAccount: await gateway.loginKey(main), subAccount: 'Own' }),
    ],
  ])(
    'of %s is made anew by the next right login; its sessions go on',
    async (_name, table, where, key, login) => {
      const read = async (): Promise<string> =>
        (await one(`SELECT password_hash FROM gateway.${table} WHERE ${where}`, [key()])).password_hash;
      await gateway.database.client.query(`UPDATE gateway.${table} SET password_hash = $2 WHERE ${where}`, [
        key(),
        await weakHash(),
      ]);
      const before = await read();
      const body = await login();
      const wrong = { ...body, password: 'wrong' };
      expect((await gateway.call('POST', '/v1/session', { key: null, body: wrong })).status).toBe(401);
      expect(await read()).toBe(before);

      // Logged in while the hash was the old one, as from a browser that is still open.
      const first = await gateway.logIn(body);
      expect(await read()).toMatch(CURRENT);
      const second = await gateway.logIn(body);
      for (const session of [first, second])
        expect((await gateway.call('GET', '/v1/session', { session })).status).toBe(200);
    },
  );

  test('sessions from before the upgrade continue, those of a changed password do not', async () => {
    await gateway.database.client.query(
      `UPDATE gateway.login SET password_hash = $1 WHERE login_key = 'kita'`,
      [await hash(PASSWORD, { algorithm: 2, memoryCost: 8_192, timeCost: 1, parallelism: 1 })],
    );
    const session = await gateway.logIn({ login: 'kita' });
    // As if an older version, which knew no upgrade, had made it.
    const weak = await weakHash();
    await gateway.database.client.query(
      `WITH changed AS (UPDATE gateway.login SET password_hash = $1 WHERE login_key = 'kita' RETURNING 1)
       UPDATE gateway.session SET password_mark = sha256(convert_to($1, 'UTF8')) WHERE kind = 'main'`,
      [weak],
    );
    expect((await gateway.call('GET', '/v1/session', { session })).status).toBe(200);
    await gateway.logIn({ login: 'kita' });
    expect((await gateway.call('GET', '/v1/session', { session })).status).toBe(200);
    await gateway.database.client.query(
      `UPDATE gateway.login SET password_hash = $1 WHERE login_key = 'kita'`,
      [await weakHash()],
    );
    expect((await gateway.call('GET', '/v1/session', { session })).status).toBe(401);
  });
});
