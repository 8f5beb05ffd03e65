import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { PASSWORD, sessionOf, TestGateway, type TestSession } from '../test-support/test-gateway.js';

let gateway: TestGateway;
let main: string;
let mainAccount: string;
beforeAll(async () => {
  gateway = await TestGateway.start({
    OPERATOR_LOGIN: 'Root',
    OPERATOR_PASSWORD: 'operator-pass',
    LOGIN_ATTEMPTS_PER_ADDRESS: '1000',
  });
  main = await gateway.mainAccount('100000', 'Kita');
  mainAccount = await gateway.loginKey(main);
});
afterAll(() => gateway?.stop());

const logIn = (body: object) => gateway.call('POST', '/v1/session', { key: null, body });
const whoAmI = (session: TestSession) => gateway.call('GET', '/v1/session', { session });
const subPath = (sub: string) => `/v1/main-accounts/${main}/sub-accounts/${sub}`;
const asSub = (subAccount: string, password = PASSWORD) =>
  gateway.logIn({ mainAccount, subAccount, password });
const isOver = async (session: TestSession) => (await whoAmI(session)).status === 401;

/** A new sub-account, logged in. */
async function asSubOf(name: string): Promise<{ id: string; session: TestSession }> {
  const id = await gateway.subAccount(main, name, '10');
  return { id, session: await asSub(name) };
}

describe('a session ends', () => {
  test('at logout, and the cookie is cleared', async () => {
    const session = await gateway.logIn({ login: 'kita' });
    const other = await gateway.logIn({ login: 'kita' });
    const reply = await gateway.call('DELETE', '/v1/session', { session });
    expect(reply.status).toBe(204);
    expect(reply.headers.get('set-cookie')).toMatch(/^subledger_session=; Max-Age=0; Path=\//);
    expect([await isOver(session), await isOver(other)]).toEqual([true, false]);
  });

  test('when it was not used for long, by the database’s clock; use renews it, up to its end', async () => {
    const { client } = gateway.database;
    const [idle, used] = [await asSubOf('Idle'), await asSubOf('Used')];
    const set = (sub: string, columns: string) =>
      client.query(`UPDATE gateway.session SET ${columns} WHERE sub_account_id = $1`, [sub]);
    const idleAt = async (sub: string) =>
      (await client.query('SELECT idle_at, expires_at FROM gateway.session WHERE sub_account_id = $1', [sub]))
        .rows[0];
    await set(idle.id, `idle_at = now() - interval '1 second'`);
    expect(await isOver(idle.session)).toBe(true);
    await set(used.id, `idle_at = now() + interval '1 minute'`);
    expect(await isOver(used.session)).toBe(false);
    const renewed = await idleAt(used.id);
    expect(renewed.idle_at.getTime()).toBeGreaterThan(Date.now() + 50 * 60_000);
    await set(used.id, `expires_at = now() + interval '90 second', idle_at = now() + interval '1 second'`);
    expect(await isOver(used.session)).toBe(false);
    const clamped = await idleAt(used.id);
    expect(clamped.idle_at).toEqual(clamped.expires_at);
    await set(used.id, `expires_at = now() - interval '1 second'`);
    expect(await isOver(used.session)).toBe(true);
  });

  test('when its sub-account is deactivated, for good: a reactivation does not bring it back', async () => {
    const { id, session } = await asSubOf('Leaver');
    await gateway.call('POST', `${subPath(id)}/deactivate`);
    expect(await isOver(session)).toBe(true);
    await gateway.call('POST', `${subPath(id)}/reactivate`);
    expect(await isOver(session)).toBe(true);
    expect(await isOver(await asSub('Leaver'))).toBe(false);
  });

  test('also when both come in one batch of events', async () => {
    const { id, session } = await asSubOf('Blink');
    gateway.ledger.silent = true;
    const paths = [`${subPath(id)}/deactivate`, `${subPath(id)}/reactivate`];
    const seen = gateway.ledger.seen.length;
    const pending = [];
    for (const path of paths) {
      pending.push(gateway.call('POST', path));
      const wanted = seen + pending.length;
      await eventually(() => gateway.ledger.seen.length >= wanted, { what: 'the command' });
    }
    gateway.ledger.silent = false;
    await gateway.ledger.answerTogether(gateway.ledger.seen.slice(seen).map((command) => command.id));
    expect((await Promise.all(pending)).map(({ status }) => status)).toEqual([200, 200]);
    expect(await isOver(session)).toBe(true);
  });

  test('when its sub-account is deleted', async () => {
    const { id, session } = await asSubOf('Deleted');
    await gateway.call('DELETE', subPath(id));
    expect(await isOver(session)).toBe(true);
    expect((await logIn({ mainAccount, subAccount: 'Deleted', password: PASSWORD })).status).toBe(401);
  });

  test.each([
    ['alone', { password: 'another123' }],
    ['with a limit', { password: 'another123', limit: '50' }],
  ])('when the main account sets a new password (%s)', async (how, change) => {
    const { id, session } = await asSubOf(`Reset${how.replace(/\W/g, '')}`);
    expect((await gateway.call('PATCH', subPath(id), { body: change })).status).toBe(200);
    expect(await isOver(session)).toBe(true);
    const { name } = (await gateway.call('GET', subPath(id))).body;
    expect((await logIn({ mainAccount, subAccount: name, password: PASSWORD })).status).toBe(401);
    expect(await isOver(await asSub(name, 'another123'))).toBe(false);
  });

  test('not when the sub-account is renamed, paused or given another limit', async () => {
    const { id, session } = await asSubOf('Stays');
    await gateway.call('PATCH', subPath(id), { body: { name: 'Stayed', limit: '20' } });
    await gateway.call('POST', `${subPath(id)}/pause`);
    expect((await whoAmI(session)).body).toMatchObject({ name: 'Stayed', subAccountId: id });
    expect((await logIn({ mainAccount, subAccount: 'Stays', password: PASSWORD })).status).toBe(401);
  });

  test('and its row goes with the next logins', async () => {
    const { client } = gateway.database;
    await client.query(`UPDATE gateway.session SET idle_at = now() - interval '1 hour' WHERE kind = 'sub'`);
    await gateway.logIn({ login: 'kita' });
    await gateway.logIn({ login: 'kita' });
    const { rowCount } = await client.query('SELECT 1 FROM gateway.session WHERE idle_at < now()');
    expect(rowCount).toBe(0);
  });
});

describe('the own password', () => {
  const change = (session: TestSession, currentPassword: string, newPassword: string) =>
    gateway.call('PUT', '/v1/session/password', { session, body: { currentPassword, newPassword } });

  test('of a sub-account: its other sessions end, this one continues with a new cookie', async () => {
    const { id, session } = await asSubOf('Owner');
    const other = await asSub('Owner');
    const etag = (await gateway.call('GET', subPath(id))).headers.get('etag');
    const reply = await change(session, PASSWORD, 'better4567');
    expect(reply.status).toBe(200);
    const next = sessionOf(reply);
    expect(next.cookie).not.toBe(session.cookie);
    expect([await isOver(session), await isOver(other), await isOver(next)]).toEqual([true, true, false]);
    expect((await logIn({ mainAccount, subAccount: 'Owner', password: PASSWORD })).status).toBe(401);
    expect(await isOver(await asSub('Owner', 'better4567'))).toBe(false);
    expect((await gateway.call('GET', subPath(id))).headers.get('etag')).not.toBe(etag);
  });

  test('needs the current one, and letters and digits for a sub-account', async () => {
    const { session } = await asSubOf('Careful');
    for (const [current, next, path] of [
      ['wrong', 'better4567', 'currentPassword'],
      [PASSWORD, 'short', 'newPassword'],
      [PASSWORD, 'with a blank', 'newPassword'],
    ] as const) {
      const { status, body } = await change(session, current, next);
      expect([status, body.code, body.errors?.[0]?.path]).toEqual([422, 'validation-failed', path]);
    }
    expect(await isOver(session)).toBe(false);
  });

  test('of an operator stays the same at a restart, until the configuration changes', async () => {
    const before = await gateway.logIn({ login: 'root', password: 'operator-pass' });
    expect((await change(before, 'operator-pass', 'my own words')).status).toBe(200);
    await (await gateway.another()).stop();
    const session = await gateway.logIn({ login: 'root', password: 'my own words' });
    await (await gateway.another({ OPERATOR_PASSWORD: 'configured-anew' })).stop();
    expect(await isOver(session)).toBe(true);
    expect((await logIn({ login: 'root', password: 'my own words' })).status).toBe(401);
    expect((await logIn({ login: 'root', password: 'configured-anew' })).status).toBe(201);
  });
});
