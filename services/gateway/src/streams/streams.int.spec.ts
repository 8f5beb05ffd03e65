import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import type { RunningGateway } from '../gateway.js';
import { type ReadOptions, StreamReader } from '../test-support/stream-reader.js';
import { PASSWORD, sessionOf, TestGateway } from '../test-support/test-gateway.js';

const OPERATOR = 'operator-key-of-the-suites-0123456789';
const HEARTBEAT_MS = 300;
let gateway: TestGateway;
let other: RunningGateway;
let main: string;
let sub: string;
let key: string;
const readers: StreamReader[] = [];

beforeAll(async () => {
  gateway = await TestGateway.start({
    STREAM_HEARTBEAT_MS: String(HEARTBEAT_MS),
    STREAM_BUFFER_BYTES: '16384',
    STREAMS_PER_CREDENTIAL: '3',
    LOGIN_ATTEMPTS_PER_ADDRESS: '1000',
  });
  // Its heartbeats come too late to be what tells a change.
  other = await gateway.another({ STREAM_HEARTBEAT_MS: '60000' });
});
afterAll(async () => {
  await other?.stop();
  await gateway?.stop();
});
beforeEach(async () => {
  main = await gateway.mainAccount('10000', `kita-${Date.now()}`);
  sub = await gateway.subAccount(main, 'Sales');
  key = await gateway.apiKey(main, ['write']);
});
afterEach(async () => {
  for (const reader of readers.splice(0)) reader.close();
  gateway.ledger.silent = false;
});

async function open(path: string, options: ReadOptions, url = gateway.running.url): Promise<StreamReader> {
  const reader = await StreamReader.open(`${url}${path}`, options);
  readers.push(reader);
  return reader;
}
const ofMain = (options: ReadOptions = { key }, url?: string) =>
  open(`/v1/main-accounts/${main}/stream`, options, url);
async function refused(
  path: string,
  options: ReadOptions,
): Promise<{ response: Response; body: { code: string } }> {
  const outcome = await open(path, options).catch((error: unknown) => error);
  if (outcome instanceof StreamReader) throw new Error('The stream was opened');
  return outcome as { response: Response; body: { code: string } };
}
const subPath = (id = sub) => `/v1/main-accounts/${main}/sub-accounts/${id}`;
const patch = (body: object, id = sub) => gateway.call('PATCH', subPath(id), { key, body });
const purchase = (points = '5') =>
  gateway.call('POST', `/v1/main-accounts/${main}/purchases`, { body: { points } });
const asSub = async (subAccount = 'Sales') =>
  gateway.logIn({ mainAccount: await gateway.loginKey(main), subAccount });
const beats = (reader: StreamReader, more = 2) => {
  const wanted = reader.comments.length + more;
  return eventually(async () => reader.comments.length >= wanted || undefined, { what: 'heartbeats' });
};

describe('a stream of a main account', () => {
  test('has the headers of a stream, and begins with hello', async () => {
    const { response, events } = await ofMain();
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(events).toEqual([
      { event: 'hello', id: expect.any(String), data: { resumed: false, heartbeatMs: HEARTBEAT_MS } },
    ]);
  });

  test('on either instance sends changes made on the first one, with the JSON of REST', async () => {
    const both = await Promise.all([ofMain(), ofMain({ key }, other.url)]);
    await patch({ limit: '250' });
    const { body: subView } = await gateway.call('GET', subPath());
    const { body: mainView } = await gateway.call('GET', `/v1/main-accounts/${main}`);
    for (const reader of both) {
      expect((await reader.next('sub-account', ({ limit }) => limit === '250')).data).toEqual(subView);
      expect((await reader.next('main-account')).data).toEqual(mainView);
    }
  });

  test.each([
    [
      'settings that only the gateway knows',
      () => patch({ name: 'Renamed' }),
      'sub-account',
      { name: 'Renamed' },
    ],
    [
      'a deletion, as the last state',
      () => gateway.call('DELETE', subPath(), { key }),
      'sub-account',
      { status: 'deleted' },
    ],
    [
      'the main account’s name',
      () => gateway.call('PATCH', `/v1/main-accounts/${main}`, { body: { name: 'New' } }),
      'main-account',
      { name: 'New' },
    ],
    [
      'a suspension, which changes its sub-accounts',
      () => gateway.call('POST', `/v1/main-accounts/${main}/suspend`),
      'sub-account',
      { status: 'suspended' },
    ],
  ])('tells %s', async (_what, change, event, expected) => {
    const reader = await ofMain({ key }, other.url);
    expect((await change()).status).toBeLessThan(300);
    const [name] = Object.keys(expected) as [keyof typeof expected];
    await reader.next(event, (data) => data[name] === expected[name]);
  });

  test('sends ended operations to their owner', async () => {
    const [own, operators] = await Promise.all(
      [{ key }, { key: OPERATOR }].map((by) => ofMain(by, other.url)),
    );
    if (!own || !operators) throw new Error('no streams');
    await patch({ limit: '300' });
    const { data } = await own.next('operation');
    const { body } = await gateway.call('GET', `/v1/operations/${data.id}`, { key });
    expect(data).toEqual(body);
    expect(data).toMatchObject({ action: 'patchSubAccount', status: 'succeeded', subAccountId: sub });
    await purchase();
    await operators.next('operation', ({ action }) => action === 'createPurchase');
    await patch({ limit: '301' });
    await own.next('sub-account', ({ limit }) => limit === '301');
    await own.next('operation', ({ id }) => id !== data.id);
    expect(own.named('operation').map((one) => one.data.action)).not.toContain('createPurchase');
  });

  test('sends nothing about another main account', async () => {
    const reader = await ofMain();
    const elsewhere = await gateway.mainAccount('10', `else-${Date.now()}`);
    await gateway.subAccount(elsewhere, 'Other', '1');
    await patch({ limit: '5' });
    await reader.next('sub-account', ({ limit }) => limit === '5');
    expect(JSON.stringify(reader.events)).not.toContain(elsewhere);
    expect(new Set(reader.named('sub-account').map(({ data }) => data.id))).toEqual(new Set([sub]));
  });
});

test('a suspension before the first read of its main account is sent', async () => {
  const { client } = gateway.database;
  const elsewhere = await gateway.mainAccount('10', `busy-${Date.now()}`);
  // A look reads operations: the one for this stream waits, and so does the one for what is opened meanwhile.
  await client.query('BEGIN');
  await client.query('LOCK TABLE gateway.operation IN ACCESS EXCLUSIVE MODE');
  await open(`/v1/main-accounts/${elsewhere}/stream`, { key: OPERATOR }, other.url);
  const reader = await ofMain({ key }, other.url);
  await client.query('UPDATE gateway.main_account_state SET suspended = true WHERE main_account_id = $1', [
    main,
  ]);
  await client.query('COMMIT');
  await reader.next('sub-account', ({ id, status }) => id === sub && status === 'suspended');
});

describe('without a notice', () => {
  test('a change of a transaction that began before the watch is sent', async () => {
    const { client } = gateway.database;
    const second = await gateway.subAccount(main, 'Second');
    await client.query('BEGIN');
    await client.query(`UPDATE gateway.sub_account SET name = 'Early' WHERE id = $1`, [sub]);
    const reader = await ofMain({ key }, other.url);
    // By then it has looked at all of the account once.
    await patch({ limit: '6' }, second);
    await reader.next('sub-account', ({ limit }) => limit === '6');
    await client.query('COMMIT');
    await reader.next('sub-account', ({ name }) => name === 'Early');
  });

  test('changes while no notices arrived are sent when they arrive again', async () => {
    const reader = await ofMain({ key }, other.url);
    await gateway.database.client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'gateway-listen' AND datname = current_database()`,
    );
    await patch({ limit: '31' });
    await reader.next('sub-account', ({ limit }) => limit === '31');
  });

  test('a heartbeat sends changes that were not sent yet', async () => {
    const reader = await ofMain();
    await gateway.database.client.query(`UPDATE gateway.sub_account SET name = 'Untold' WHERE id = $1`, [
      sub,
    ]);
    await reader.next('sub-account', ({ name }) => name === 'Untold');
  });
});

describe('a stream that is resumed', () => {
  test('sends only changes since the break, once', async () => {
    const second = await gateway.subAccount(main, 'Support');
    const reader = await ofMain();
    await patch({ limit: '7' });
    await reader.next('sub-account', ({ limit }) => limit === '7');
    await reader.next('operation');
    await beats(reader);
    reader.close();
    await patch({ limit: '8' }, second);
    await patch({ name: 'Helpdesk' }, second);
    const again = await ofMain({ key, lastEventId: reader.lastEventId });
    expect(again.events[0]?.data).toMatchObject({ resumed: true });
    await again.next('sub-account');
    await beats(again);
    const told = again.named('sub-account');
    expect(told.map(({ data }) => [data.id, data.limit, data.name])).toEqual([[second, '8', 'Helpdesk']]);
    expect(again.named('operation')).toHaveLength(1);
  });

  test('continues without an event if nothing changed', async () => {
    const reader = await ofMain();
    await beats(reader);
    reader.close();
    const again = await ofMain({ key, lastEventId: reader.lastEventId });
    await beats(again);
    expect(again.events.map(({ event, data }) => [event, data.resumed])).toEqual([['hello', true]]);
  });

  test('sends all sub-accounts if the main account was suspended meanwhile', async () => {
    const reader = await ofMain();
    reader.close();
    await gateway.call('POST', `/v1/main-accounts/${main}/suspend`);
    const again = await ofMain({ key, lastEventId: reader.lastEventId });
    expect((await again.next('sub-account')).data).toMatchObject({ id: sub, status: 'suspended' });
  });

  test.each([
    ['nonsense', () => 'nonsense', 'unknown-position'],
    ['one of another database', (id: string) => id.replace(/^\d+/, '1'), 'unknown-position'],
    ['one of yesterday', (id: string) => id.replace(/\d+\.(\d)$/, '1700000000.$1'), 'too-far-back'],
  ])('with an id that is %s says: read all anew', async (_what, change, reason) => {
    const { lastEventId } = await ofMain();
    const again = await ofMain({ key, lastEventId: change(lastEventId) });
    expect((await again.next('reset')).data).toEqual({ reason });
    expect(again.events[0]?.data).toMatchObject({ resumed: false });
    await patch({ limit: '9' });
    await again.next('sub-account', ({ limit }) => limit === '9');
  });

  test('sends a reset after too many changes', async () => {
    const reader = await ofMain();
    reader.close();
    await gateway.database.client.query(
      `WITH s AS (INSERT INTO gateway.sub_account (main_account_id, id, name, password_hash)
         SELECT $1, 'sa_' || n, 'N' || n, 'x' FROM generate_series(1, 501) AS n RETURNING id)
       INSERT INTO gateway.sub_account_state SELECT main_account_id, s.id, generation, sequence, at, lifecycle, paused,
         period, limit_points, next_limit, boost, granted, used, overage, held, remaining, shortfall, priority
         FROM gateway.sub_account_state, s WHERE main_account_id = $1 AND sub_account_id = $2`,
      [main, sub],
    );
    const again = await ofMain({ key, lastEventId: reader.lastEventId });
    expect((await again.next('reset')).data).toEqual({ reason: 'too-many-changes' });
  });
});

describe('a sub-account’s own stream', () => {
  test('sends the answer of /v1/me, and nothing about other sub-accounts or the main account', async () => {
    const sibling = await gateway.subAccount(main, 'Sibling');
    const session = await asSub();
    const reader = await open('/v1/me/stream', { session });
    const beside = await open('/v1/me/stream', { session: await asSub('Sibling') });
    await patch({ limit: '11' }, sibling);
    expect((await beside.next('sub-account')).data).toMatchObject({ id: sibling, limit: '11' });
    await purchase();
    await beats(reader, 3);
    expect(reader.events.map(({ event }) => event)).toEqual(['hello']);
    await patch({ limit: '12' });
    const { data } = await reader.next('sub-account', ({ limit }) => limit === '12');
    expect(data).toEqual((await gateway.call('GET', '/v1/me', { session })).body);
    expect(reader.named('main-account').concat(reader.named('operation'))).toEqual([]);
    expect(JSON.stringify(reader.events)).not.toContain(sibling);
  });

  test('is resumed with its own changes alone', async () => {
    const sibling = await gateway.subAccount(main, 'Sibling');
    const session = await asSub();
    const reader = await open('/v1/me/stream', { session });
    reader.close();
    await patch({ limit: '13' }, sibling);
    const again = await open('/v1/me/stream', { session, lastEventId: reader.lastEventId });
    await beats(again);
    again.close();
    expect(again.events.map(({ event }) => event)).toEqual(['hello']);
    await patch({ limit: '14' });
    const third = await open('/v1/me/stream', { session, lastEventId: again.lastEventId });
    expect((await third.next('sub-account')).data).toMatchObject({ id: sub, limit: '14' });
  });

  test.each([['/v1/stream'], ['/v1/main-accounts/{id}/stream']])('%s is not for it', async (path) => {
    const { response } = await refused(path.replace('{id}', main), { session: await asSub() });
    expect(response.status).toBe(403);
  });
});

test('the stream of all sends every main account, including new ones, and no sub-accounts', async () => {
  const reader = await open('/v1/stream', { key: OPERATOR }, other.url);
  await patch({ limit: '21' });
  await reader.next('main-account', ({ id }) => id === main);
  const created = await gateway.mainAccount();
  await reader.next('main-account', ({ id, balance }) => id === created && balance === '1000');
  await reader.next(
    'operation',
    ({ action, mainAccountId }) => action === 'createPurchase' && mainAccountId === created,
  );
  reader.close();
  await gateway.call('PATCH', `/v1/main-accounts/${created}`, { body: { name: 'Later' } });
  const again = await open('/v1/stream', { key: OPERATOR, lastEventId: reader.lastEventId });
  await again.next('main-account', ({ id, name }) => id === created && name === 'Later');
  expect([...reader.named('sub-account'), ...again.named('sub-account')]).toEqual([]);
  expect(again.named('main-account').map(({ data }) => data.id)).toEqual([created]);
});

describe('a stream ends', () => {
  const ends = (reader: StreamReader) =>
    eventually(async () => reader.ended, { what: 'the end of the stream' });

  test('when its session is logged out, and not before', async () => {
    const session = await gateway.logIn({ mainAccount: await gateway.loginKey(main), subAccount: 'Sales' });
    const reader = await open('/v1/me/stream', { session });
    await beats(reader);
    expect(reader.ended).toBeUndefined();
    await gateway.call('DELETE', '/v1/session', { session });
    expect(await ends(reader)).toBe('end');
  });

  test('when the password changes', async () => {
    const session = await asSub();
    const reader = await open('/v1/me/stream', { session });
    const reply = await gateway.call('PUT', '/v1/session/password', {
      session,
      body: { currentPassword: PASSWORD, newPassword: 'another123' },
    });
    expect(await ends(reader)).toBe('end');
    await open('/v1/me/stream', { session: sessionOf(reply) });
  });

  test('when its sub-account is deactivated', async () => {
    const reader = await open('/v1/me/stream', { session: await asSub() });
    await gateway.call('POST', `${subPath()}/deactivate`, { key });
    expect(await ends(reader)).toBe('end');
  });

  test('when its key is revoked, on the other instance too', async () => {
    const both = await Promise.all([ofMain(), ofMain({ key }, other.url)]);
    const { body } = await gateway.call('GET', `/v1/main-accounts/${main}/api-keys`);
    await gateway.call('DELETE', `/v1/main-accounts/${main}/api-keys/${body.items[0].id}`);
    expect(await Promise.all(both.map(ends))).toEqual(['end', 'end']);
  });

  test('and does not keep its session alive', async () => {
    const session = await asSub();
    const reader = await open('/v1/me/stream', { session });
    const { rows } = await gateway.database.client.query(
      `UPDATE gateway.session SET idle_at = now() + interval '1 second' WHERE sub_account_id = $1 RETURNING idle_at`,
      [sub],
    );
    expect(rows).toHaveLength(1);
    expect(await ends(reader)).toBe('end');
  });

  test('when its gateway stops, whole and at once', async () => {
    const third = await gateway.another();
    const reader = await ofMain({ key }, third.url);
    const startedAt = performance.now();
    await third.stop();
    expect(await ends(reader)).toBe('end');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    const { rowCount } = await gateway.database.client.query(
      'SELECT 1 FROM gateway.stream_watch WHERE main_account_id = $1',
      [main],
    );
    expect(rowCount).toBe(0);
  });

  test('when its reader does not read, and others continue', async () => {
    const [reader, slowKey] = [await ofMain(), await gateway.apiKey(main, ['read'])];
    const port = Number(new URL(gateway.running.url).port);
    const slow = await Promise.all([0, 1, 2].map(() => neverRead(port, slowKey)));
    const another = () => ofMain({ key: slowKey }).catch(() => undefined);
    expect(await another()).toBeUndefined();
    // The sockets' own buffers take some megabytes before the gateway's bound counts.
    const { client } = gateway.database;
    await client.query(
      `UPDATE gateway.sub_account SET sender_numbers = array_fill('+815012345678'::text, ARRAY[60000]) WHERE id = $1`,
      [sub],
    );
    const notice = JSON.stringify({ changed: { [main]: [sub] } });
    const isBrokenOff = async () => {
      await client.query(`SELECT pg_notify('gateway_outcomes', $1)`, [notice]);
      return another();
    };
    await eventually(isBrokenOff, { what: 'the end of a slow reader', timeoutMs: 60_000 });
    expect(reader.ended).toBeUndefined();
    for (const socket of slow) socket.destroy();
  });
});

/** A stream whose events nobody takes. */
async function neverRead(port: number, withKey: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const path = `/v1/main-accounts/${main}/stream`;
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${withKey}\r\n\r\n`);
  await new Promise((resolve) => socket.once('readable', resolve));
  return socket;
}

test('readers that go away before their stream begins leave none behind', async () => {
  const url = `${gateway.running.url}/v1/main-accounts/${main}/stream`;
  for (let i = 0; i < 20; i += 1) {
    const abort = new AbortController();
    const asked = fetch(url, { signal: abort.signal, headers: { authorization: `Bearer ${key}` } });
    setTimeout(() => abort.abort(), i % 7);
    await asked.catch(() => undefined);
  }
  const three = async () => {
    const all = await Promise.allSettled([ofMain(), ofMain(), ofMain()]);
    for (const one of all) if (one.status === 'fulfilled') one.value.close();
    return all.every(({ status }) => status === 'fulfilled') || undefined;
  };
  await eventually(three, { what: 'room for as many as allowed' });
});

describe('a stream is refused', () => {
  test('for another main account', async () => {
    const elsewhere = await gateway.mainAccount('10', `foreign-${Date.now()}`);
    const { response, body } = await refused(`/v1/main-accounts/${elsewhere}/stream`, { key });
    expect([response.status, body.code]).toEqual([404, 'not-found']);
  });

  test('to operators for one that is not there', async () => {
    const nobody = 'ma_00000000-0000-7000-8000-000000000000';
    const { response } = await refused(`/v1/main-accounts/${nobody}/stream`, { key: OPERATOR });
    expect(response.status).toBe(404);
  });

  test('while its key has as many as allowed', async () => {
    const all = await Promise.all([ofMain(), ofMain(), ofMain()]);
    const { response, body } = await refused(`/v1/main-accounts/${main}/stream`, { key });
    expect([response.status, body.code]).toEqual([429, 'too-many-requests']);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    all[0]?.close();
    await eventually(async () => ofMain().catch(() => undefined), { what: 'room for one more' });
  });
});

test('no notices are written for changes that no stream watches', async () => {
  const { client } = gateway.database;
  const watching = async () =>
    (await client.query('SELECT 1 FROM gateway.stream_watch WHERE main_account_id = $1', [main])).rowCount;
  const reader = await ofMain();
  expect(await watching()).toBe(1);
  reader.close();
  const keeper = await open('/v1/stream', { key: OPERATOR });
  await eventually(async () => (await watching()) === 0 || undefined, { what: 'no row of it' });
  keeper.close();
});
