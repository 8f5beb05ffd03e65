/** Two instances on one database and one broker: to a client they are one gateway. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import type { RunningGateway } from '../gateway.js';
import {
  type CallOptions,
  PASSWORD,
  type Reply,
  sessionOf,
  TestGateway,
  UPSTREAM_KEY,
} from '../test-support/test-gateway.js';

const END_LISTENERS = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
   WHERE application_name = 'gateway-listen' AND datname = current_database()`;

let gateway: TestGateway;
let second: RunningGateway;
let main: string;
let sub: string;
let key: string;
beforeAll(async () => {
  gateway = await TestGateway.start({ WRITE_WAIT_MS: '3000', RESEND_AFTER_MS: '1000' });
  second = await gateway.another();
  main = await gateway.mainAccount('100000', 'instances');
  sub = await gateway.subAccount(main, 'Desk');
  key = await gateway.apiKey(main, ['write']);
});
afterAll(async () => {
  await second?.stop();
  await gateway?.stop();
});
afterEach(() => {
  gateway.ledger.silent = false;
  gateway.ledger.refusals.clear();
});

const path = () => `/v1/main-accounts/${main}`;
const subs = () => `${path()}/sub-accounts`;
const A = () => gateway.running.url;
const B = () => second.url;
const replayed = ({ headers }: Reply) => headers.get('idempotent-replayed') === 'true';
const sentCommands = (name: string) =>
  new Set(gateway.ledger.seen.filter((one) => one.name === name).map(({ id }) => id)).size;
let keys = 0;
const newKey = () => ({ 'idempotency-key': `instances-${keys++}` });

/** The kinds of writes: of the ledger with and without rows of ours, ours alone, and without an operation. */
const WRITES: Record<string, { command?: string; ask: (mark: string) => [string, string, CallOptions] }> = {
  'a purchase': {
    command: 'points.purchase',
    ask: (mark) => [
      'POST',
      `${path()}/purchases`,
      { body: { points: '3', reference: mark.replace('other', 'x') } },
    ],
  },
  'a new sub-account': {
    command: 'sub-account.open',
    ask: (mark) => ['POST', subs(), { key, body: { name: mark, password: PASSWORD, limit: '1' } }],
  },
  'a new API key': {
    ask: (mark) => ['POST', `${path()}/api-keys`, { body: { name: mark, scopes: ['read'] } }],
  },
  'a hold': {
    command: 'hold.place',
    ask: (mark) => [
      'POST',
      `${path()}/holds`,
      { key: UPSTREAM_KEY, body: { subAccountId: sub, messageId: mark, points: '1' } },
    ],
  },
};

describe.each(Object.entries(WRITES))('%s', (name, { command, ask }) => {
  const mark = (text: string) => `${text}${name.replaceAll(/[^a-z]/gi, '')}`;
  const send = (url: string, [method, to, options]: [string, string, CallOptions], headers: object) =>
    gateway.call(method, to, { ...options, url, headers: { ...headers } });

  test('repeated through the other instance gets the same answer, and is executed once', async () => {
    const headers = newKey();
    const before = command ? sentCommands(command) : 0;
    const first = await send(A(), ask(mark('one')), headers);
    const again = await send(B(), ask(mark('one')), headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect([replayed(first), replayed(again)]).toEqual([false, true]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    if (command) expect(sentCommands(command)).toBe(before + 1);
    const other = await send(B(), ask(mark('other')), headers);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-conflict']);
    if (command && command !== 'hold.place') expect(sentCommands(command)).toBe(before + 1);
  });

  test('sent through both at the same moment is answered by both, and executed once', async () => {
    for (let round = 0; round < 8; round += 1) {
      const headers = newKey();
      const before = command ? sentCommands(command) : 0;
      const both = await Promise.all(
        [A(), B(), A(), B()].map((url) => send(url, ask(mark(`both${round}`)), headers)),
      );
      expect(both.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
      for (const answer of both) expect(answer.body).toEqual(both[0]?.body);
      const firsts = both.filter((answer) => !replayed(answer));
      // Of a hold there is no row that tells which of two instances came first (docs/decisions/0012).
      if (command === 'hold.place') expect([1, 2]).toContain(firsts.length);
      else expect(firsts).toHaveLength(1);
      if (command) expect(sentCommands(command)).toBe(before + 1);
    }
  });

  test('with different bodies at the same moment is done once, and refused to the other', async () => {
    for (let round = 0; round < 8; round += 1) {
      const headers = newKey();
      const both = await Promise.all([
        send(A(), ask(mark(`left${round}`)), headers),
        send(B(), ask(mark(`right${round}`)), headers),
      ]);
      expect(both.map(({ status }) => status).sort()).toEqual([201, 422]);
      expect(both.find(({ status }) => status === 422)?.body.code).toBe('idempotency-conflict');
    }
  });
});

describe('a write whose outcome comes after the 202', () => {
  const operationAt = (url: string, location: string, options: CallOptions = {}) =>
    gateway.call('GET', location, { ...options, url });
  const ended = (url: string, location: string, options: CallOptions = {}) =>
    eventually(async () => {
      const { body } = await operationAt(url, location, options);
      return body.status === 'pending' ? undefined : body;
    });

  test('is found through both instances, by its asker alone', async () => {
    const session = await gateway.logIn({ login: 'instances' });
    const stranger = await gateway.apiKey(await gateway.mainAccount(), ['write']);
    gateway.ledger.silent = true;
    const headers = newKey();
    const body = { name: 'Late', password: PASSWORD, limit: '1' };
    const later = await gateway.call('POST', subs(), { key, body, headers });
    expect(later.status).toBe(202);
    const location = later.headers.get('location') ?? '';
    const answers = async (url: string) =>
      Promise.all(
        [{ key }, { session }, {}, { key: stranger }, { key: UPSTREAM_KEY }, { key: null }].map(
          async (who) => (await operationAt(url, location, who)).status,
        ),
      );
    // The customer by any of its credentials, and the help desk; not another customer, not the SMS service.
    expect(await answers(A())).toEqual([200, 200, 200, 404, 404, 401]);
    expect(await answers(B())).toEqual([200, 200, 200, 404, 404, 401]);
    gateway.ledger.silent = false;
    const [byA, byB] = [await ended(A(), location, { key }), await ended(B(), location, { key })];
    expect(byB).toEqual(byA);
    expect(byA).toMatchObject({ status: 'succeeded', resource: `${subs()}/${byA.subAccountId}` });
    expect((await gateway.call('GET', byA.resource, { key, url: B() })).body.name).toBe('Late');
    const again = await gateway.call('POST', subs(), { key, body, headers, url: B() });
    expect([again.status, again.body.id, replayed(again)]).toEqual([201, byA.subAccountId, true]);
    expect(await answers(B())).toEqual([200, 200, 200, 404, 404, 401]);
  });

  test('of the SMS service is found by the SMS service alone', async () => {
    gateway.ledger.silent = true;
    const hold = { subAccountId: sub, messageId: 'late-hold', points: '1' };
    const later = await gateway.call('POST', `${path()}/holds`, { key: UPSTREAM_KEY, body: hold, url: B() });
    expect(later.status).toBe(202);
    const location = later.headers.get('location') ?? '';
    gateway.ledger.silent = false;
    expect(await ended(A(), location, { key: UPSTREAM_KEY })).toMatchObject({
      status: 'succeeded',
      action: 'placeHold',
    });
    expect((await operationAt(A(), location, { key })).status).toBe(404);
    expect((await operationAt(B(), location, { key })).status).toBe(404);
  });

  test('a sub-account may not write, and reads no operations of others', async () => {
    gateway.ledger.silent = true;
    const later = await gateway.call('POST', `${subs()}/${sub}/pause`, { key });
    gateway.ledger.silent = false;
    const location = later.headers.get('location') ?? '';
    const session = await gateway.logIn({ mainAccount: await gateway.loginKey(main), subAccount: 'Desk' });
    const own = await operationAt(B(), location, { session });
    const unknown = await operationAt(B(), '/v1/operations/op_0', { session });
    expect(own.status).toBe(403);
    expect({ ...own.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
    await ended(A(), location, { key });
    await gateway.call('POST', `${subs()}/${sub}/resume`, { key });
  });

  test('and is a refusal frees the name, on both instances, and stays the answer to a repeat', async () => {
    gateway.ledger.silent = true;
    gateway.ledger.refusals.set('sub-account.open', {
      code: 'insufficient-main-balance',
      needed: '900',
      available: '1',
    });
    const headers = newKey();
    const body = { name: 'Unlucky', password: PASSWORD, limit: '900' };
    const later = await gateway.call('POST', subs(), { key, body, headers });
    expect(later.status).toBe(202);
    // Until then nobody else gets the name.
    const taken = await gateway.call('POST', subs(), { key, body, url: B() });
    expect([taken.status, taken.body.code]).toEqual([409, 'name-taken']);
    gateway.ledger.silent = false;
    const location = later.headers.get('location') ?? '';
    const operation = await ended(B(), location, { key });
    expect(operation).toMatchObject({
      status: 'rejected',
      resource: null,
      problem: { status: 409, code: 'insufficient-main-balance', needed: '900', available: '1' },
    });
    expect((await gateway.call('GET', `${subs()}/${operation.subAccountId}`, { url: B() })).status).toBe(404);
    const again = await gateway.call('POST', subs(), { key, body, headers, url: B() });
    expect([again.status, again.body.code, replayed(again)]).toEqual([
      409,
      'insufficient-main-balance',
      true,
    ]);
    const other = { ...body, name: 'uNLUCKY', limit: '1' };
    expect((await gateway.call('POST', subs(), { key, body: other, url: B() })).status).toBe(201);
  });
});

describe('what one instance wrote', () => {
  test('the other one reads', async () => {
    for (let round = 0; round < 10; round += 1) {
      const [one, other] = round % 2 === 0 ? [A(), B()] : [B(), A()];
      const limit = String(100 + round);
      const path1 = `${subs()}/${sub}`;
      const patched = await gateway.call('PATCH', path1, { body: { limit, priority: round }, url: one });
      expect(patched.status).toBe(200);
      expect((await gateway.call('GET', path1, { url: other })).body).toEqual(patched.body);
      const list = await gateway.call('GET', `${subs()}?q=desk`, { url: other });
      expect(list.body.items).toEqual([patched.body]);
      const bought = await gateway.call('POST', `${path()}/purchases`, { body: { points: '1' }, url: one });
      const lines = await gateway.call('GET', `${path()}/transfers?limit=1`, { url: other });
      expect(lines.body.items).toEqual([bought.body]);
      expect((await gateway.call('GET', path(), { url: other })).body.balance).toBe(bought.body.balanceAfter);
    }
  });

  test.each(['heard', 'not heard'])(
    'the other one knows: keys, and that they are revoked, notice %s',
    async (how) => {
      for (let round = 0; round < 3; round += 1) {
        const { body } = await gateway.call('POST', `${path()}/api-keys`, {
          body: { name: 'k', scopes: ['read'] },
          url: A(),
        });
        const read = (url: string) => gateway.call('GET', path(), { key: body.key, url });
        expect([(await read(B())).status, (await read(A())).status]).toEqual([200, 200]);
        // Neither instance hears anything until it has connected again, half a second later.
        if (how === 'not heard') await gateway.database.client.query(END_LISTENERS);
        const revoked = gateway.call('DELETE', `${path()}/api-keys/${body.id}`, { url: A() });
        // In use until the very end, so that the other instance has it in memory.
        let isOver = false;
        const using = (async () => {
          while (!isOver) await read(B());
        })();
        expect((await revoked).status).toBe(204);
        expect((await read(B())).status).toBe(401);
        isOver = true;
        await using;
      }
    },
  );

  test('the other one knows: sessions, passwords, logout', async () => {
    const mainAccount = await gateway.loginKey(main);
    const as = (password: string, url: string) =>
      gateway.call('POST', '/v1/session', {
        key: null,
        body: { mainAccount, subAccount: 'Desk', password },
        url,
      });
    const me = async (session: CallOptions['session'], url: string) =>
      (await gateway.call('GET', '/v1/me', { ...(session ? { session } : {}), url })).status;
    const session = sessionOf(await as(PASSWORD, A()));
    expect([await me(session, A()), await me(session, B())]).toEqual([200, 200]);
    await gateway.call('PATCH', `${subs()}/${sub}`, { body: { password: 'another123' }, url: B() });
    expect([await me(session, A()), await me(session, B())]).toEqual([401, 401]);
    expect((await as(PASSWORD, A())).status).toBe(401);
    const next = sessionOf(await as('another123', A()));
    expect((await gateway.call('DELETE', '/v1/session', { session: next, url: B() })).status).toBe(204);
    expect([await me(next, A()), await me(next, B())]).toEqual([401, 401]);
  });
});
