import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ROUTE_IDS, ROUTES, type WriteRouteId } from '@subledger/contracts';
import { createPool } from '@subledger/database';
import { eventually } from '@subledger/testing';
import {
  type CallOptions,
  PASSWORD,
  type Reply,
  sessionOf,
  TestGateway,
  type TestSession,
  UPSTREAM_KEY,
} from '../test-support/test-gateway.js';
import { dropOldEntries } from './audit-retention.js';
import { AUDIT_RULES } from './audit-rules.js';

const OPERATOR_KEY = 'operator-key-of-the-suites-0123456789';
const OPERATOR_PASSWORD = 'operator-pass-0123';
const USER_AGENT = `suite/${'x'.repeat(300)}`;
const FROM = { 'x-forwarded-for': '203.0.113.7', 'user-agent': USER_AGENT };
const NEW_PASSWORD = 'another4567';
const TYPED = 'hunter2typedIntoTheLogin';

let gateway: TestGateway;
let main: string;
let operator: TestSession;
let owner: TestSession;
/** Whatever must be in no entry. */
const secrets = new Set([OPERATOR_KEY, UPSTREAM_KEY, OPERATOR_PASSWORD, PASSWORD, NEW_PASSWORD, TYPED]);

beforeAll(async () => {
  gateway = await TestGateway.start({
    OPERATOR_LOGIN: 'root',
    OPERATOR_PASSWORD,
    TRUSTED_PROXIES: '127.0.0.1',
    LOGIN_ATTEMPTS_PER_NETWORK: '3',
    LOGIN_DELAY_FIRST_MS: '60000',
    LOGIN_ATTEMPTS_PER_ADDRESS: '1000',
    // Long: on a busy machine a preparation that is answered with 202 would not have happened yet.
    WRITE_WAIT_MS: '20000',
    RESEND_AFTER_MS: '1000',
  });
  main = await gateway.mainAccount('100000', 'Kita');
  operator = await logIn({ login: 'root', password: OPERATOR_PASSWORD });
  owner = await logIn({ login: 'kita' });
});
afterAll(() => gateway?.stop());
afterEach(() => {
  gateway.ledger.silent = false;
  gateway.ledger.refusals.clear();
});

const call = (method: string, path: string, options: CallOptions = {}) =>
  gateway.call(method, path, { ...options, headers: { ...FROM, ...options.headers } });
const asOperator = (method: string, path: string, body?: object) =>
  call(method, path, { session: operator, ...(body ? { body } : {}) });
const asMain = (method: string, path: string, body?: object) =>
  call(method, path, { session: owner, ...(body ? { body } : {}) });
const mainPath = (path = '', id = main) => `/v1/main-accounts/${id}${path}`;
const subPath = (sub: string, path = '') => mainPath(`/sub-accounts/${sub}${path}`);

async function logIn(body: Record<string, string>): Promise<TestSession> {
  const session = await gateway.logIn(body);
  secrets.add(session.cookie.split('=')[1] ?? '').add(session.csrfToken);
  return session;
}
let names = 0;
const newSub = (limit = '10') => gateway.subAccount(main, `S${++names}`, limit);
async function newSubSession(): Promise<TestSession> {
  await newSub();
  return logIn({ mainAccount: await gateway.loginKey(main), subAccount: `S${names}` });
}
const entries = async (where = 'true', values: unknown[] = []) =>
  (
    await gateway.database.client.query(
      `SELECT * FROM gateway.audit_entry WHERE ${where} ORDER BY at, id`,
      values,
    )
  ).rows;
const entriesOf = (action: string) => entries('action = $1', [action]);
const inactive = async () => {
  const { body } = await gateway.call('POST', '/v1/main-accounts', { body: { name: 'New', plan: 'prepay' } });
  return body.id as string;
};

/** Nobody listens there, and its address holds what only the receiver should know. */
const WEBHOOK = { url: 'https://receiver.invalid/hook?token=t0p-s3cret', events: ['period.rolled'] };
async function newWebhook(): Promise<string> {
  const { body } = await gateway.call('POST', mainPath('/webhooks'), { body: WEBHOOK });
  secrets.add(body.secret).add('t0p-s3cret');
  return mainPath(`/webhooks/${body.id}`);
}

async function writeKey(mainAccountId: string): Promise<string> {
  const key = await gateway.apiKey(mainAccountId, ['write']);
  secrets.add(key);
  return key;
}

/** A good request for each route that changes something; a new route must be added here, or this does not compile. */
const CALLS: Record<WriteRouteId, () => Promise<Reply>> = {
  createMainAccount: () =>
    asOperator('POST', '/v1/main-accounts', { name: 'A', plan: 'prepay', login: 'abc', password: PASSWORD }),
  patchMainAccount: async () =>
    asOperator('PATCH', mainPath('', await inactive()), {
      name: 'Renamed',
      fundingPolicy: 'partial',
      timeZone: 'Asia/Seoul',
      country: 'KR',
    }),
  suspendMainAccount: async () => asOperator('POST', mainPath('/suspend', await inactive())),
  resumeMainAccount: async () => {
    const id = await inactive();
    await gateway.call('POST', mainPath('/suspend', id));
    return asOperator('POST', mainPath('/resume', id));
  },
  requestActivation: async () => {
    const id = await inactive();
    return call('POST', mainPath('/activation-request', id), { key: await writeKey(id) });
  },
  decideActivation: async () => {
    const id = await inactive();
    await gateway.call('POST', mainPath('/activation-request', id), { key: await writeKey(id) });
    return asOperator('POST', mainPath('/activation', id), { decision: 'decline', note: 'not yet' });
  },
  deactivateFeature: async () => asOperator('DELETE', mainPath('/activation', await gateway.mainAccount())),
  createPurchase: async () =>
    asOperator('POST', mainPath('/purchases', await gateway.mainAccount('50')), {
      points: '10',
      reference: 'INV-1',
    }),
  createAdjustment: async () =>
    asOperator('POST', mainPath('/adjustments', await gateway.mainAccount('50')), {
      points: '-1',
      reason: 'typo',
    }),
  switchPlan: async () => asOperator('POST', mainPath('/plan', await inactive()), { plan: 'postpay' }),
  createSubAccount: () =>
    asMain('POST', mainPath('/sub-accounts'), { name: `S${++names}`, password: PASSWORD, limit: '10' }),
  patchSubAccount: async () =>
    asMain('PATCH', subPath(await newSub()), {
      limit: '20',
      name: `S${++names}`,
      priority: 7,
      password: NEW_PASSWORD,
    }),
  deleteSubAccount: async () => asMain('DELETE', subPath(await newSub())),
  boostSubAccount: async () => asMain('POST', subPath(await newSub(), '/boost'), { points: '5' }),
  pauseSubAccount: async () => asMain('POST', subPath(await newSub(), '/pause')),
  resumeSubAccount: async () => {
    const sub = await newSub();
    await gateway.call('POST', subPath(sub, '/pause'));
    return asMain('POST', subPath(sub, '/resume'));
  },
  deactivateSubAccount: async () => asMain('POST', subPath(await newSub(), '/deactivate')),
  reactivateSubAccount: async () => {
    const sub = await newSub();
    await gateway.call('POST', subPath(sub, '/deactivate'));
    return asMain('POST', subPath(sub, '/reactivate'));
  },
  createApiKey: async () => {
    const reply = await asMain('POST', mainPath('/api-keys'), { name: 'program', scopes: ['write'] });
    secrets.add(reply.body.key);
    return reply;
  },
  deleteApiKey: async () => {
    const { body } = await gateway.call('POST', mainPath('/api-keys'), {
      body: { name: 'old', scopes: ['read'] },
    });
    secrets.add(body.key);
    return asMain('DELETE', mainPath(`/api-keys/${body.id}`));
  },
  placeHold: async () =>
    call('POST', mainPath('/holds'), {
      key: UPSTREAM_KEY,
      body: { subAccountId: await newSub(), messageId: 'audited-hold', points: '1' },
    }),
  releaseHold: () => call('DELETE', mainPath('/holds/audited-hold'), { key: UPSTREAM_KEY }),
  putSenderNumbers: async () => {
    const path = mainPath('/sender-numbers', await inactive());
    await gateway.call('PUT', path, { body: { senderNumbers: ['+815012345678'] } });
    return asOperator('PUT', path, { senderNumbers: ['+815012345679'] });
  },
  createWebhook: () => asMain('POST', mainPath('/webhooks'), WEBHOOK),
  patchWebhook: async () =>
    asMain('PATCH', await newWebhook(), {
      enabled: false,
      events: ['limit.exceeded'],
      description: 'moved',
      url: 'https://elsewhere.invalid/hook',
    }),
  deleteWebhook: async () => asMain('DELETE', await newWebhook()),
  rotateWebhookSecret: async () => {
    const reply = await asMain('POST', `${await newWebhook()}/secret`);
    secrets.add(reply.body.secret);
    return reply;
  },
  pingWebhook: async () => asMain('POST', `${await newWebhook()}/ping`),
  redeliverWebhook: async () => {
    const path = await newWebhook();
    const { body } = await gateway.call('POST', `${path}/ping`);
    return asMain('POST', `${path}/deliveries/${body.id}/redeliver`);
  },
  setMainAccountPassword: async () => {
    const id = await gateway.mainAccount('1', 'forgetful');
    return asOperator('PUT', mainPath('/password', id), { password: NEW_PASSWORD });
  },
  endMainAccountSessions: async () => asOperator('DELETE', mainPath('/sessions', await inactive())),
  endSubAccountSessions: async () => asMain('DELETE', subPath(await newSub(), '/sessions')),
  resetLoginAttempts: () => asOperator('POST', mainPath('/login-attempts:reset')),
  createSession: () =>
    call('POST', '/v1/session', { key: null, body: { login: 'kita', password: PASSWORD } }),
  deleteSession: async () => call('DELETE', '/v1/session', { session: await newSubSession() }),
  changePassword: async () => {
    const session = await newSubSession();
    const body = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    const reply = await call('PUT', '/v1/session/password', { session, body });
    const next = sessionOf(reply);
    secrets.add(next.cookie.split('=')[1] ?? '').add(next.csrfToken);
    return reply;
  },
};
interface Change {
  readonly before: object | null;
  readonly after: object | null;
}
const NOTHING: Change = { before: null, after: null };
const NAME = expect.stringMatching(/^S\d+$/);
const WEBHOOK_BEFORE = { enabled: true, events: ['period.rolled'], description: '' };
/** The settings before and after each of these calls, as its entry has them; a new route does not compile without. */
const CHANGES: Readonly<Record<WriteRouteId, Change | 'not audited'>> = {
  createMainAccount: {
    before: null,
    after: {
      name: 'A',
      plan: 'prepay',
      login: 'abc',
      passwordChanged: true,
      country: 'JP',
      creditLimit: '0',
      fundingPolicy: 'full',
      timeZone: 'Asia/Tokyo',
    },
  },
  patchMainAccount: {
    before: { name: 'New', fundingPolicy: 'full', timeZone: 'Asia/Tokyo', country: 'JP' },
    after: { name: 'Renamed', fundingPolicy: 'partial', timeZone: 'Asia/Seoul', country: 'KR' },
  },
  suspendMainAccount: { before: { suspended: false }, after: { suspended: true } },
  resumeMainAccount: { before: { suspended: true }, after: { suspended: false } },
  requestActivation: { before: { feature: 'inactive' }, after: { feature: 'requested' } },
  decideActivation: { before: { feature: 'requested' }, after: { decision: 'decline', note: 'not yet' } },
  deactivateFeature: { before: { feature: 'active' }, after: { feature: 'inactive' } },
  createPurchase: { before: { balance: '50' }, after: { points: '10', reference: 'INV-1' } },
  createAdjustment: { before: { balance: '50' }, after: { points: '-1', reason: 'typo' } },
  switchPlan: { before: { plan: 'prepay' }, after: { plan: 'postpay' } },
  createSubAccount: { before: null, after: { name: NAME, limit: '10', passwordChanged: true } },
  patchSubAccount: {
    before: { name: NAME, limit: '10', priority: 100 },
    after: { name: NAME, limit: '20', priority: 7, passwordChanged: true },
  },
  deleteSubAccount: { before: { name: NAME, limit: '10', status: 'active' }, after: { status: 'deleted' } },
  boostSubAccount: { before: { boost: '0' }, after: { points: '5' } },
  pauseSubAccount: { before: { status: 'active' }, after: { status: 'paused' } },
  resumeSubAccount: { before: { status: 'paused' }, after: { status: 'active' } },
  deactivateSubAccount: { before: { status: 'active' }, after: { status: 'inactive' } },
  reactivateSubAccount: { before: { status: 'inactive' }, after: { status: 'active' } },
  createApiKey: { before: null, after: { name: 'program', scopes: ['write'] } },
  deleteApiKey: { before: { name: 'old', scopes: ['read'] }, after: null },
  placeHold: 'not audited',
  releaseHold: 'not audited',
  putSenderNumbers: {
    before: { senderNumbers: ['+815012345678'] },
    after: { senderNumbers: ['+815012345679'] },
  },
  createWebhook: { before: null, after: { events: ['period.rolled'], urlChanged: true } },
  patchWebhook: {
    before: WEBHOOK_BEFORE,
    after: { enabled: false, events: ['limit.exceeded'], description: 'moved', urlChanged: true },
  },
  deleteWebhook: { before: WEBHOOK_BEFORE, after: null },
  rotateWebhookSecret: { before: null, after: { secretChanged: true } },
  pingWebhook: NOTHING,
  redeliverWebhook: NOTHING,
  setMainAccountPassword: { before: null, after: { passwordChanged: true } },
  endMainAccountSessions: NOTHING,
  endSubAccountSessions: NOTHING,
  resetLoginAttempts: NOTHING,
  createSession: NOTHING,
  deleteSession: NOTHING,
  changePassword: { before: null, after: { passwordChanged: true } },
};
const writes = ROUTE_IDS.filter((id) => ROUTES[id].method !== 'GET') as WriteRouteId[];

describe('every change has its entry', () => {
  test.each(writes)('%s', async (id) => {
    const before = (await entriesOf(id)).map((entry) => entry.id);
    const { status, body } = await CALLS[id]();
    expect([200, 201, 204]).toContain(status);
    expect(body.code).toBeUndefined();
    const added = (await entriesOf(id)).filter((entry) => !before.includes(entry.id));
    // What was done to prepare it has another User-Agent.
    const own = added.filter((entry) => entry.user_agent.startsWith('suite/'));
    if (AUDIT_RULES[id] === null) {
      expect(own).toEqual([]);
      return;
    }
    expect(own).toHaveLength(1);
    expect(own[0]).toMatchObject({
      outcome: 'done',
      code: null,
      address: '203.0.113.7',
      user_agent: USER_AGENT.slice(0, 200),
      request_id: expect.stringMatching(/^req_/),
      finished_at: expect.any(Date),
    });
    expect({ before: own[0].before, after: own[0].after }).toEqual(CHANGES[id]);
    expect(own[0].actor_id).not.toBeNull();
    expect(own[0].main_account_id).toMatch(/^ma_/);
    if (ROUTES[id].path.includes('{sub}')) expect(own[0].sub_account_id).toMatch(/^sa_/);
  });

  test('and only holds have none', () => {
    expect(writes.filter((id) => AUDIT_RULES[id] === null)).toEqual(['placeHold', 'releaseHold']);
  });

  test('or there is no change: without an entry the change is rolled back', async () => {
    const { client } = gateway.database;
    const sub = await newSub();
    const session = await newSubSession();
    const count = async (table: string) => (await client.query(`SELECT 1 FROM gateway.${table}`)).rowCount;
    const state = async () => [await count('operation'), await count('session'), await count('api_key')];
    const before = [await state(), (await gateway.call('GET', subPath(sub))).body];
    await client.query('ALTER TABLE gateway.audit_entry ADD CONSTRAINT refuse_all CHECK (false) NOT VALID');
    try {
      const replies = [
        await asMain('PATCH', subPath(sub), { name: 'Unnoted' }),
        await asMain('PATCH', subPath(sub), { limit: '99' }),
        await asMain('POST', subPath(sub, '/pause')),
        await asMain('POST', mainPath('/api-keys'), { name: 'unnoted', scopes: ['read'] }),
        await call('POST', '/v1/session', { key: null, body: { login: 'kita', password: PASSWORD } }),
        await call('DELETE', '/v1/session', { session }),
        await call('PUT', '/v1/session/password', {
          session,
          body: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD },
        }),
      ];
      expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 500));
      expect([await state(), (await gateway.call('GET', subPath(sub))).body]).toEqual(before);
      expect((await gateway.call('GET', '/v1/session', { session })).status).toBe(200);
    } finally {
      await client.query('ALTER TABLE gateway.audit_entry DROP CONSTRAINT refuse_all');
    }
  });
});

describe('an entry', () => {
  const lastOf = async (action: string, sub?: string) => {
    const query = `?action=${action}${sub ? `&subAccount=${sub}` : ''}&limit=1`;
    return (await gateway.call('GET', mainPath(`/audit-log${query}`))).body.items[0];
  };

  test('has the actor, the change, and the values before and after, without secrets', async () => {
    const sub = await newSub('10');
    await asMain('PATCH', subPath(sub), { limit: '25', priority: 7, password: NEW_PASSWORD });
    expect(await lastOf('patchSubAccount', sub)).toEqual({
      id: expect.stringMatching(/^au_/),
      at: expect.any(String),
      actor: { kind: 'main', id: 'kita', name: 'Kita', credential: 'session' },
      action: 'patchSubAccount',
      mainAccountId: main,
      subAccountId: sub,
      objects: {},
      outcome: 'done',
      code: null,
      operationId: expect.stringMatching(/^op_/),
      before: { limit: '10', priority: 100 },
      after: { limit: '25', priority: 7, passwordChanged: true },
      address: '203.0.113.7',
      userAgent: USER_AGENT.slice(0, 200),
      requestId: expect.stringMatching(/^req_/),
      finishedAt: expect.any(String),
    });
  });

  test.each([
    ['of the gateway alone', { name: 'Before1' }, { name: 'After1' }],
    ['of sender numbers', { senderNumbers: [] }, { senderNumbers: ['+815012345678'] }],
  ])('has settings %s as they were', async (_what, before, after) => {
    await asOperator('PUT', mainPath('/sender-numbers'), { senderNumbers: ['+815012345678'] });
    const sub = await newSub();
    await asMain('PATCH', subPath(sub), before);
    await asMain('PATCH', subPath(sub), after);
    expect(await lastOf('patchSubAccount', sub)).toMatchObject({ before, after, operationId: null });
  });

  test('has the main account’s name as it was', async () => {
    await asOperator('PATCH', mainPath(), { name: 'Old name' });
    await asOperator('PATCH', mainPath(), { name: 'New name' });
    expect(await lastOf('patchMainAccount')).toMatchObject({
      before: { name: 'Old name' },
      after: { name: 'New name' },
    });
  });

  test('names the calling key, and the created key', async () => {
    const { body } = await asMain('POST', mainPath('/api-keys'), { name: 'robot', scopes: ['write'] });
    secrets.add(body.key);
    const sub = await newSub();
    await gateway.call('POST', subPath(sub, '/pause'), { key: body.key });
    expect((await lastOf('pauseSubAccount', sub)).actor).toEqual({
      kind: 'main',
      id: body.id,
      name: 'robot',
      credential: 'key',
    });
    expect((await lastOf('createApiKey')).objects).toEqual({ key: body.id });
  });

  test('of what the ledger refused has its code', async () => {
    const sub = await newSub();
    gateway.ledger.refusals.set('limit.change', { code: 'insufficient-main-balance' });
    expect((await asMain('PATCH', subPath(sub), { limit: '30' })).status).toBe(409);
    expect(await lastOf('patchSubAccount', sub)).toMatchObject({
      outcome: 'refused',
      code: 'insufficient-main-balance',
      before: { limit: '10' },
    });
  });

  test('of what the gateway refused too', async () => {
    await newSub();
    const [taken, sub] = [`S${names}`, await newSub()];
    for (const body of [{ name: taken }, { name: taken, limit: '11' }]) {
      expect((await asMain('PATCH', subPath(sub), body)).status).toBe(409);
      expect(await lastOf('patchSubAccount', sub)).toMatchObject({ outcome: 'refused', code: 'name-taken' });
    }
    expect(await entries(`sub_account_id = $1 AND action = 'patchSubAccount'`, [sub])).toHaveLength(2);
  });

  test('is made once for a request and its repeats', async () => {
    const sub = await newSub();
    const options = { body: { limit: '12' }, session: owner, headers: { 'idempotency-key': 'audit-1' } };
    const replies = [await call('PATCH', subPath(sub), options), await call('PATCH', subPath(sub), options)];
    expect(replies.map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect(await entries(`sub_account_id = $1 AND action = 'patchSubAccount'`, [sub])).toHaveLength(1);
  });

  test('stays pending over a crash, and is completed with its outcome', async () => {
    const sub = await newSub();
    gateway.ledger.silent = true;
    const asked = asMain('POST', subPath(sub, '/pause'));
    const find = async () => (await entries(`sub_account_id = $1 AND action = 'pauseSubAccount'`, [sub]))[0];
    const pending = await eventually(find, { what: 'the entry' });
    expect(pending).toMatchObject({ outcome: 'pending', finished_at: null });
    expect((await asked).status).toBe(202);
    await gateway.running.stop();
    gateway.ledger.silent = false;
    gateway.running = await gateway.another();
    const done = await eventually(async () => ((await find()).outcome === 'done' ? find() : undefined), {
      what: 'the outcome',
      timeoutMs: 30_000,
    });
    expect(done).toEqual({ ...pending, outcome: 'done', finished_at: expect.any(Date) });
  });
});

describe('logging in', () => {
  const attempt = (body: object) => call('POST', '/v1/session', { key: null, body });
  const last = async () => (await entriesOf('createSession')).at(-1);

  test('with a wrong password is noted as a try at that login', async () => {
    await attempt({ login: 'KITA', password: 'wrongwrong' });
    secrets.add('wrongwrong');
    expect(await last()).toMatchObject({
      main_account_id: main,
      actor_kind: 'main',
      actor_id: 'kita',
      credential: 'none',
      outcome: 'refused',
      code: 'unauthorized',
    });
  });

  test('with an unknown login is noted without what was typed', async () => {
    await attempt({ login: TYPED, password: 'x' });
    expect(await last()).toMatchObject({
      main_account_id: null,
      actor_kind: 'unknown',
      actor_id: null,
      actor_name: null,
      outcome: 'refused',
    });
  });

  test('too often is noted once, however often it is tried', async () => {
    const count = async () => (await entries(`code = 'too-many-requests'`)).length;
    const before = await count();
    for (let i = 0; i < 8; i += 1) await attempt({ login: 'nobody-at-all', password: 'x' });
    expect(await count()).toBe(before + 1);
  });

  test('too often at a login that there is names it', async () => {
    const id = await gateway.mainAccount('1', 'Besieged');
    for (let i = 0; i < 5; i += 1) await attempt({ login: 'besieged', password: 'x' });
    expect(await last()).toMatchObject({
      main_account_id: id,
      actor_kind: 'main',
      actor_id: 'besieged',
      actor_name: 'Besieged',
      code: 'too-many-requests',
    });
  });

  test('and a wrong current password, too', async () => {
    const session = await newSubSession();
    const body = { currentPassword: 'notTheOne1', newPassword: NEW_PASSWORD };
    secrets.add('notTheOne1');
    expect((await call('PUT', '/v1/session/password', { session, body })).status).toBe(422);
    expect((await entriesOf('changePassword')).at(-1)).toMatchObject({
      actor_kind: 'sub',
      outcome: 'refused',
      code: 'validation-failed',
    });
  });
});

describe('the log', () => {
  const list = async (query: string, options: CallOptions = {}) =>
    (await gateway.call('GET', mainPath(`/audit-log?${query}`), options)).body;

  test('comes newest first, page by page, also if entries are added meanwhile', async () => {
    const sub = await newSub();
    for (const verb of ['pause', 'resume', 'pause', 'resume']) await asMain('POST', subPath(sub, `/${verb}`));
    const first = await list(`subAccount=${sub}&limit=2`);
    await asMain('POST', subPath(sub, '/boost'), { points: '1' });
    const second = await list(`subAccount=${sub}&limit=2&cursor=${first.nextCursor}`);
    const third = await list(`subAccount=${sub}&limit=2&cursor=${second.nextCursor}`);
    const actions = [first, second, third].map(({ items }) =>
      items.map((item: { action: string }) => item.action),
    );
    expect(actions).toEqual([
      ['resumeSubAccount', 'pauseSubAccount'],
      ['resumeSubAccount', 'pauseSubAccount'],
      ['createSubAccount'],
    ]);
    expect(third.nextCursor).toBeNull();
  });

  test('is narrowed to an actor, an action, a time', async () => {
    const sub = await newSub();
    await asMain('POST', subPath(sub, '/pause'));
    await asOperator('POST', subPath(sub, '/resume'));
    const of = async (query: string) =>
      (await list(`subAccount=${sub}&${query}`)).items.map((item: { action: string }) => item.action);
    expect(await of('actor=root')).toEqual(['resumeSubAccount']);
    expect(await of('actor=kita')).toEqual(['pauseSubAccount']);
    expect(await of('action=createSubAccount')).toEqual(['createSubAccount']);
    const { items } = await list(`subAccount=${sub}`);
    expect(await of(`to=${items[1].at}`)).toEqual(['createSubAccount']);
    expect(await of(`from=${items[1].at}`)).toEqual(['resumeSubAccount', 'pauseSubAccount']);
  });

  test('hides the addresses of the provider’s staff from customers', async () => {
    const sub = await newSub();
    await asOperator('POST', subPath(sub, '/pause'));
    const query = `subAccount=${sub}&action=pauseSubAccount`;
    expect((await list(query)).items[0]).toMatchObject({ address: '203.0.113.7' });
    expect((await list(query, { session: owner })).items[0]).toMatchObject({
      actor: { kind: 'operator', id: 'root' },
      address: null,
      userAgent: null,
    });
  });

  test('of all has what belongs to no main account, for operators', async () => {
    const { body } = await gateway.call('GET', '/v1/audit-log?action=createSession&actor=root');
    expect(body.items[0]).toMatchObject({ mainAccountId: null, actor: { kind: 'operator', id: 'root' } });
    const other = await gateway.mainAccount();
    const { body: theirs } = await gateway.call('GET', `/v1/audit-log?mainAccount=${other}`);
    expect(new Set(theirs.items.map((item: { mainAccountId: string }) => item.mainAccountId))).toEqual(
      new Set([other]),
    );
    expect(
      (await list('limit=200')).items.map((item: { mainAccountId: string }) => item.mainAccountId),
    ).not.toContain(other);
  });

  test('cannot be changed, and only the retention takes what is old', async () => {
    const { client } = gateway.database;
    const columns = `id, at, action, actor_kind, credential, address, request_id, objects, outcome`;
    await client.query(
      `INSERT INTO gateway.audit_entry (${columns})
       SELECT 'au_' || month, month::timestamptz, 'old', 'main', 'key', '::1', 'r', '{}', 'done'
         FROM unnest(ARRAY['2024-10-31T23:59:59Z', '2024-11-01T00:00:00Z']) AS month`,
    );
    for (const statement of [
      `UPDATE gateway.audit_entry SET actor_id = 'x' WHERE action = 'old'`,
      `UPDATE gateway.audit_entry SET outcome = 'refused' WHERE action = 'old'`,
      `DELETE FROM gateway.audit_entry WHERE action = 'old'`,
      'TRUNCATE gateway.audit_entry',
    ]) {
      await expect(client.query(statement)).rejects.toThrow('are not changed');
    }
    await client.query(
      `INSERT INTO gateway.audit_entry (${columns}) VALUES
         ('au_p', now(), 'pending', 'main', 'key', '::1', 'r', '{}', 'pending')`,
    );
    await expect(
      client.query(`UPDATE gateway.audit_entry SET outcome = 'done', address = '::2' WHERE id = 'au_p'`),
    ).rejects.toThrow('are not changed');
    await client.query(`UPDATE gateway.audit_entry SET outcome = 'done' WHERE id = 'au_p'`);
    const pool = createPool({
      url: gateway.database.url,
      schema: 'gateway',
      applicationName: 'suite',
      max: 1,
    });
    try {
      expect(await dropOldEntries(pool, 25, new Date('2026-11-28T12:00:00Z'))).toBe(1);
    } finally {
      await pool.end();
    }
    expect((await entriesOf('old')).map(({ id }) => id)).toEqual(['au_2024-11-01T00:00:00Z']);
  });

  test('has no secret in any entry', async () => {
    const all = await gateway.database.client.query('SELECT e::text AS text FROM gateway.audit_entry AS e');
    expect(all.rowCount).toBeGreaterThan(50);
    expect(secrets.size).toBeGreaterThan(15);
    const text = all.rows.map((row) => row.text).join('\n');
    expect([...secrets].filter((secret) => secret !== '' && text.includes(secret))).toEqual([]);
    expect([...secrets]).not.toContain('');
  });
});
