import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { TestGateway, UPSTREAM_KEY } from '../test-support/test-gateway.js';

let gateway: TestGateway;
let main: string;
beforeAll(async () => {
  gateway = await TestGateway.start({ WRITE_WAIT_MS: '1500', RESEND_AFTER_MS: '1000' });
  main = await gateway.mainAccount('10000');
  await gateway.call('PUT', `/v1/main-accounts/${main}/sender-numbers`, {
    body: { senderNumbers: ['+815012345678'] },
  });
});
afterAll(() => gateway?.stop());
afterEach(() => {
  gateway.ledger.silent = false;
  gateway.ledger.refusals.clear();
});

const subs = () => `/v1/main-accounts/${main}/sub-accounts`;
let names = 0;
const nextName = () => `Made${++names}`;
const create = (name: string, extra: object = {}, headers: Record<string, string> = {}) =>
  gateway.call('POST', subs(), { body: { name, password: 'lantern5moss', limit: '100', ...extra }, headers });

describe('a write', () => {
  test('answers 201 with the sub-account as the contract shows it', async () => {
    const { status, body, headers } = await create('Sales1', {
      priority: 7,
      senderNumbers: ['+815012345678'],
    });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`${subs()}/${body.id}`);
    expect(headers.get('etag')).toMatch(/^"[\w-]+"$/);
    const { id, createdAt, updatedAt, ...rest } = body;
    expect(rest).toEqual({
      name: 'Sales1',
      status: 'active',
      period: '2026-11',
      limit: '100',
      nextLimit: null,
      boost: '0',
      granted: '100',
      used: '0',
      overage: '0',
      held: '0',
      remaining: '100',
      shortfall: '0',
      priority: 7,
      senderNumbers: ['+815012345678'],
    });
    expect((await gateway.call('GET', `${subs()}/${id}`)).body).toEqual(body);
  });

  test('that the ledger refuses is 409 with its figures, leaves nothing, and frees the name', async () => {
    gateway.ledger.refusals.set('sub-account.open', {
      code: 'insufficient-main-balance',
      needed: '5000',
      available: '12.5',
    });
    const refused = await create('Freed');
    expect(refused.status).toBe(409);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(refused.body).toMatchObject({
      type: 'http://gateway.test/docs/errors/insufficient-main-balance',
      code: 'insufficient-main-balance',
      status: 409,
      needed: '5000',
      available: '12.5',
    });
    expect(refused.body.detail).toContain('needed 5000, available 12.5');
    const rows = await gateway.database.client.query(
      `SELECT 1 FROM gateway.sub_account WHERE name = 'Freed'`,
    );
    expect(rows.rowCount).toBe(0);
    expect((await create('freed')).status).toBe(201);
  });

  test('of a taken name is refused whatever its case, and free again once deleted', async () => {
    const { body } = await create('Taken');
    const again = await create('tAKEN');
    expect(again.status).toBe(409);
    expect(again.body.code).toBe('name-taken');
    expect((await gateway.call('DELETE', `${subs()}/${body.id}`)).status).toBe(204);
    expect((await gateway.call('GET', `${subs()}/${body.id}`)).status).toBe(404);
    expect((await create('Taken')).status).toBe(201);
  });

  test('of one name by many at once succeeds once', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => create('Crowd')));
    expect(all.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  });

  test('without an outcome in time is 202; its operation has the later outcome', async () => {
    gateway.ledger.silent = true;
    const later = await create('Later');
    expect(later.status).toBe(202);
    const location = later.headers.get('location') ?? '';
    expect(location).toBe(`/v1/operations/${later.body.id}`);
    expect((await gateway.call('GET', location)).body).toMatchObject({ status: 'pending', resource: null });
    expect((await gateway.call('GET', location, { key: UPSTREAM_KEY })).status).toBe(404);
    expect(
      (await gateway.call('GET', subs())).body.items.map((item: { name: string }) => item.name),
    ).not.toContain('Later');
    gateway.ledger.silent = false;
    const done = await eventually(async () => {
      const { body } = await gateway.call('GET', location);
      return body.status === 'succeeded' && body;
    });
    expect(done.resource).toBe(`${subs()}/${done.subAccountId}`);
    expect((await gateway.call('GET', done.resource)).body.name).toBe('Later');
    const sent = gateway.ledger.seen.filter(({ id }) => id === done.id);
    expect(sent.length).toBeGreaterThan(1);
  });

  test('that was committed but never sent (a crash in between) is sent by the sweeper', async () => {
    const { body } = await create('Crash1');
    const { client } = gateway.database;
    // As if the process had died right after the commit.
    await client.query(
      `INSERT INTO gateway.operation (id, main_account_id, sub_account_id, action, asker, command_id, command, next_send_at)
       SELECT 'op_crashed', main_account_id, sub_account_id, 'pauseSubAccount', 'operator', 'op_crashed',
              replace(replace(command, id, 'op_crashed'), 'sub-account.open', 'sub-account.pause'), now()
         FROM gateway.operation WHERE sub_account_id = $1`,
      [body.id],
    );
    await eventually(
      async () => (await gateway.call('GET', '/v1/operations/op_crashed')).body.status === 'succeeded',
    );
    expect((await gateway.call('GET', `${subs()}/${body.id}`)).body.status).toBe('paused');
  });

  test('through one instance is answered when another one read its outcome', async () => {
    const other = await gateway.another();
    try {
      const names = Array.from({ length: 6 }, (_, index) => `Two${index}`);
      const answers = await Promise.all(names.map((name) => create(name)));
      expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201));
    } finally {
      await other.stop();
    }
  });
});

test('many writes at once are all answered, each once', async () => {
  const { body: before } = await gateway.call('GET', `/v1/main-accounts/${main}`);
  const buy = () => gateway.call('POST', `/v1/main-accounts/${main}/purchases`, { body: { points: '2' } });
  const answers = await Promise.all(Array.from({ length: 200 }, buy));
  const counts = Map.groupBy(answers, ({ status }) => status);
  expect([...counts.keys()].filter((status) => status !== 201 && status !== 202)).toEqual([]);
  await eventually(async () => {
    const { body } = await gateway.call('GET', `/v1/main-accounts/${main}`);
    return Number(body.balance) === Number(before.balance) + 400;
  });
});

describe('an Idempotency-Key', () => {
  test('gives the same answer again, also to many at once, and does it once', async () => {
    const bought = () => gateway.ledger.seen.filter(({ name }) => name === 'points.purchase').length;
    const before = bought();
    const headers = { 'idempotency-key': 'buy-1' };
    const buy = () =>
      gateway.call('POST', `/v1/main-accounts/${main}/purchases`, { body: { points: '25' }, headers });
    const answers = await Promise.all([buy(), buy(), buy()]);
    const [first] = answers;
    for (const answer of answers) {
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual(first?.body);
      expect(answer.headers.get('location')).toBe(
        `/v1/main-accounts/${main}/transfers/${first?.body.sequence}`,
      );
    }
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(2);
    expect(bought()).toBe(before + 1);
    expect((await buy()).headers.get('idempotent-replayed')).toBe('true');
  });

  test('keeps a refusal too', async () => {
    gateway.ledger.refusals.set('sub-account.open', { code: 'too-many-sub-accounts' });
    const first = await create('Kept', {}, { 'idempotency-key': 'kept' });
    const second = await create('Kept', {}, { 'idempotency-key': 'kept' });
    expect([first.status, second.status]).toEqual([409, 409]);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('content-type')).toContain('application/problem+json');
  });

  test('with another body is a conflict; of another caller it is another key', async () => {
    const headers = { 'idempotency-key': 'same' };
    const post = (points: string) =>
      gateway.call('POST', `/v1/main-accounts/${main}/purchases`, { body: { points }, headers });
    expect((await post('1')).status).toBe(201);
    const conflict = await post('2');
    expect([conflict.status, conflict.body.code]).toEqual([422, 'idempotency-conflict']);
    const key = await gateway.apiKey(main, ['write']);
    const own = await gateway.call('POST', subs(), {
      key,
      headers,
      body: { name: 'Own', password: 'lantern5moss', limit: '1' },
    });
    expect(own.status).toBe(201);
  });

  test.each<[string, (id: string) => [method: string, path: string, body?: object], () => Promise<string>]>([
    ['a pause', (id) => ['POST', `${subs()}/${id}/pause`], async () => (await create(nextName())).body.id],
    [
      'a limit',
      (id) => ['PATCH', `${subs()}/${id}`, { limit: '101' }],
      async () => (await create(nextName())).body.id,
    ],
    [
      'a name',
      (id) => ['PATCH', `${subs()}/${id}`, { name: 'Bound' }],
      async () => (await create(nextName())).body.id,
    ],
    ['a deletion', (id) => ['DELETE', `${subs()}/${id}`], async () => (await create(nextName())).body.id],
    [
      'a purchase',
      (id) => ['POST', `/v1/main-accounts/${id}/purchases`, { points: '3' }],
      () => gateway.mainAccount(),
    ],
    [
      'a webhook’s deletion',
      (id) => ['DELETE', `/v1/main-accounts/${main}/webhooks/${id}`],
      async () => {
        const body = { url: 'https://receiver.invalid/', events: ['period.rolled'] };
        return (await gateway.call('POST', `/v1/main-accounts/${main}/webhooks`, { body })).body.id;
      },
    ],
    [
      'a hold’s release',
      (id) => ['DELETE', `/v1/main-accounts/${main}/holds/${id}`],
      async () => `bound-${nextName()}`,
    ],
  ])(
    'of %s on one object is a conflict on another one, and does nothing there',
    async (what, request, make) => {
      const [first, second] = [await make(), await make()];
      const ask = (id: string, headers: Record<string, string> = {}) => {
        const [method, path, body] = request(id);
        const key = path.includes('/holds/') ? { key: UPSTREAM_KEY } : {};
        return gateway.call(method, path, { ...key, ...(body ? { body } : {}), headers });
      };
      const headers = { 'idempotency-key': `bound-to-${what.replaceAll(/[^a-z]/g, '-')}` };
      expect((await ask(first, headers)).status).toBeLessThan(300);
      const operations = () =>
        gateway.database.client
          .query('SELECT id FROM gateway.operation ORDER BY id')
          .then(({ rows }) => rows);
      const before = await operations();
      const conflict = await ask(second, headers);
      expect([conflict.status, conflict.body.code]).toEqual([422, 'idempotency-conflict']);
      expect(conflict.headers.get('idempotent-replayed')).toBeNull();
      expect(await operations()).toEqual(before);
      // The first one's answer is still its own, and the second one can still be asked for.
      expect((await ask(first, headers)).headers.get('idempotent-replayed')).toBe('true');
      if (what !== 'a name') expect((await ask(second)).status).toBeLessThan(300);
    },
  );

  test('gives the answer again when what it was about is gone: the repeat of a change, and of the deletion', async () => {
    const { body } = await create(nextName());
    const path = `${subs()}/${body.id}`;
    const pause = () => gateway.call('POST', `${path}/pause`, { headers: { 'idempotency-key': 'gone-1' } });
    const patch = () =>
      gateway.call('PATCH', path, { body: { limit: '102' }, headers: { 'idempotency-key': 'gone-2' } });
    const remove = () => gateway.call('DELETE', path, { headers: { 'idempotency-key': 'gone-3' } });
    const all = [pause, patch, remove];
    const first = [await pause(), await patch(), await remove()];
    for (const [index, ask] of all.entries()) {
      const again = await ask();
      expect([again.status, again.body]).toEqual([first[index]?.status, first[index]?.body]);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
    }
    // Without a key, or with a new one, it is a request on what is not there.
    expect((await gateway.call('DELETE', path)).status).toBe(404);
    expect((await gateway.call('DELETE', path, { headers: { 'idempotency-key': 'gone-4' } })).status).toBe(
      404,
    );
  });

  test('of a new API key gives the key again, though the database cannot', async () => {
    const headers = { 'idempotency-key': 'key-once' };
    const post = () =>
      gateway.call('POST', `/v1/main-accounts/${main}/api-keys`, {
        body: { name: 'k', scopes: ['read'] },
        headers,
      });
    const [first, second] = [await post(), await post()];
    expect(Object.keys(first.body).sort()).toEqual(['id', 'key']);
    expect(second.body).toEqual(first.body);
    const dump = await gateway.database.client.query('SELECT i::text FROM gateway.idempotency_key i');
    expect(JSON.stringify(dump.rows)).not.toContain(first.body.key);
  });
});

describe('a PATCH', () => {
  test('with the ETag of now is 412 while an earlier one has no outcome: it would change what is being changed', async () => {
    const { body } = await create('Unanswered');
    const path = `${subs()}/${body.id}`;
    const read = () => gateway.call('GET', path);
    const etag = async () => ({ 'if-match': (await read()).headers.get('etag') ?? '' });
    gateway.ledger.silent = true;
    const earlier = await gateway.call('PATCH', path, { body: { limit: '130' }, headers: await etag() });
    expect(earlier.status).toBe(202);
    for (const change of [
      { limit: '140' },
      { priority: 5 },
      { name: 'Unanswered2' },
      { senderNumbers: [] },
    ]) {
      // Nothing shows the earlier one yet, so this is the ETag of now.
      const answer = await gateway.call('PATCH', path, { body: change, headers: await etag() });
      expect([change, answer.status, answer.body.code]).toEqual([change, 412, 'precondition-failed']);
    }
    gateway.ledger.silent = false;
    await eventually(async () => (await read()).body.limit === '130');
    const later = await gateway.call('PATCH', path, { body: { limit: '140' }, headers: await etag() });
    expect([later.status, later.body.limit, later.body.name]).toEqual([200, '140', 'Unanswered']);
  });

  test('changes limit, priority, name and password together', async () => {
    const { body, headers } = await create('Patch1');
    const before = headers.get('etag') ?? '';
    const path = `${subs()}/${body.id}`;
    const patched = await gateway.call('PATCH', path, {
      body: { limit: '150', priority: 3, name: 'Patch1b', password: 'other1234' },
      headers: { 'if-match': before },
    });
    expect(patched.status).toBe(200);
    expect(patched.body).toMatchObject({ limit: '150', priority: 3, name: 'Patch1b' });
    expect(patched.headers.get('etag')).not.toBe(before);
    const stale = await gateway.call('PATCH', path, {
      body: { priority: 4 },
      headers: { 'if-match': before },
    });
    expect([stale.status, stale.body.code]).toEqual([412, 'precondition-failed']);
    expect((await create('Patch1')).status).toBe(201);
    expect((await create('patch1B')).status).toBe(409);
  });

  test('of a limit alone waits for the row like one with If-Match, also when it is repeated at the same moment', async () => {
    const { body } = await create('Locked');
    const path = `${subs()}/${body.id}`;
    const { client } = gateway.database;
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM gateway.sub_account WHERE id = $1 FOR UPDATE', [body.id]);
    const headers = { 'idempotency-key': 'locked-1' };
    const patch = () => gateway.call('PATCH', path, { body: { limit: '120' }, headers });
    const patched = [1, 2, 3].map(patch);
    await eventually(
      async () => {
        // Within a transaction it would stay as it was first seen.
        await client.query('SELECT pg_stat_clear_snapshot()');
        const { rows } = await client.query(
          `SELECT count(*)::int AS waiting FROM pg_stat_activity WHERE datname = current_database()
              AND wait_event_type = 'Lock' AND query LIKE '%idempotency_key%'`,
        );
        return rows[0].waiting === 3;
      },
      { what: 'all three to wait: one for the row, two for the key' },
    );
    await client.query('COMMIT');
    const answers = await Promise.all(patched);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(2);
    const { rows } = await client.query(
      `SELECT count(*)::int AS operations FROM gateway.operation WHERE sub_account_id = $1 AND action = 'patchSubAccount'`,
      [body.id],
    );
    expect(rows).toEqual([{ operations: 1 }]);
  });

  test('that the ledger refuses changes nothing at all', async () => {
    const { body } = await create('Whole');
    gateway.ledger.refusals.set('limit.change', {
      code: 'insufficient-main-balance',
      needed: '900',
      available: '0',
    });
    const path = `${subs()}/${body.id}`;
    const refused = await gateway.call('PATCH', path, {
      body: { limit: '900', priority: 1, name: 'Whole2' },
    });
    expect(refused.status).toBe(409);
    expect((await gateway.call('GET', path)).body).toMatchObject({
      limit: '100',
      priority: 100,
      name: 'Whole',
    });
    expect((await create('Whole2')).status).toBe(201);
    expect(gateway.ledger.seen.at(-2)?.name).toBe('limit.change');
  });

  test('of the name alone needs no ledger, and case alone is no conflict', async () => {
    const { body } = await create('case');
    const path = `${subs()}/${body.id}`;
    expect((await gateway.call('PATCH', path, { body: { name: 'CASE' } })).body.name).toBe('CASE');
    expect((await gateway.call('PATCH', path, { body: { name: 'sales1' } })).body.code).toBe('name-taken');
  });
});
