import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ROUTE_IDS, type Scope, type Who } from '@subledger/contracts';
import { docsIndex } from '../api/docs-files.js';
import { OPEN_PATHS } from '../api/open-paths.js';
import { openApiDocument } from '../api/openapi.js';
import { routerPath } from '../request/router-path.js';
import { type CallOptions, TestGateway, UPSTREAM_KEY } from '../test-support/test-gateway.js';

/** Somebody who asks, as the rule sees them; `main` and `sub` are whose ids the paths name. */
interface Caller {
  readonly who: Who | 'nobody';
  readonly credential: 'key' | 'session' | 'none';
  /** Whether the main account of the path is theirs, and the sub-account. */
  readonly ownsMain: boolean;
  readonly ownsSub: boolean;
  readonly scopes: readonly Scope[];
}

const by = (
  who: Caller['who'],
  credential: Caller['credential'],
  { ownsMain = false, ownsSub = false, scopes = ['read', 'write'] as readonly Scope[] } = {},
): Caller => ({ who, credential, ownsMain, ownsSub, scopes });

const CALLERS = {
  nobody: by('nobody', 'none'),
  'a wrong key': by('nobody', 'key'),
  'a wrong cookie': by('nobody', 'session'),
  'operator by key': by('operator', 'key'),
  'operator by session': by('operator', 'session'),
  'main by session': by('main', 'session', { ownsMain: true }),
  'main by a write key': by('main', 'key', { ownsMain: true, scopes: ['write'] }),
  'main by a read key': by('main', 'key', { ownsMain: true, scopes: ['read'] }),
  'foreign main by session': by('main', 'session'),
  'foreign main by a write key': by('main', 'key'),
  'foreign main by a read key': by('main', 'key', { scopes: ['read'] }),
  sub: by('sub', 'session', { ownsMain: true, ownsSub: true }),
  'sibling sub': by('sub', 'session', { ownsMain: true }),
  'foreign sub': by('sub', 'session'),
  upstream: by('upstream', 'key'),
} as const satisfies Record<string, Caller>;
type CallerName = keyof typeof CALLERS;
const CALLER_NAMES = Object.keys(CALLERS) as CallerName[];

let gateway: TestGateway;
let mine: string;
let sub: string;
const credentials = new Map<CallerName, CallOptions>();

beforeAll(async () => {
  gateway = await TestGateway.start({ OPERATOR_LOGIN: 'root', OPERATOR_PASSWORD: 'lantern5moss' });
  mine = await gateway.mainAccount('1000', 'mine');
  const theirs = await gateway.mainAccount('1000', 'theirs');
  sub = await gateway.subAccount(mine, 'Own');
  await gateway.subAccount(mine, 'Sibling');
  await gateway.subAccount(theirs, 'Foreign');
  const subLogin = async (main: string, subAccount: string) =>
    gateway.logIn({ mainAccount: await gateway.loginKey(main), subAccount });
  const all: Record<CallerName, CallOptions> = {
    nobody: { key: null },
    'a wrong key': { key: 'slk_wrong' },
    'a wrong cookie': { session: { cookie: 'subledger_session=wrong', csrfToken: 'wrong' } },
    'operator by key': {},
    'operator by session': { session: await gateway.logIn({ login: 'root' }) },
    'main by session': { session: await gateway.logIn({ login: 'mine' }) },
    'main by a write key': { key: await gateway.apiKey(mine, ['write']) },
    'main by a read key': { key: await gateway.apiKey(mine, ['read']) },
    'foreign main by session': { session: await gateway.logIn({ login: 'theirs' }) },
    'foreign main by a write key': { key: await gateway.apiKey(theirs, ['write']) },
    'foreign main by a read key': { key: await gateway.apiKey(theirs, ['read']) },
    sub: { session: await subLogin(mine, 'Own') },
    'sibling sub': { session: await subLogin(mine, 'Sibling') },
    'foreign sub': { session: await subLogin(theirs, 'Foreign') },
    upstream: { key: UPSTREAM_KEY },
  };
  for (const name of CALLER_NAMES) credentials.set(name, all[name]);
});
afterAll(() => gateway?.stop());

/** Values of the parameters in paths; a route with a new one must be added here, or its test cannot be written. */
const PARAMETERS: Record<string, () => string> = {
  id: () => mine,
  sub: () => sub,
  key: () => 'ak_none',
  messageId: () => 'none',
  sequence: () => '1',
  operation: () => 'op_none',
  period: () => '2026-11',
  webhook: () => 'wh_none',
  delivery: () => 'whd_none',
};

/** What the document says of a route. */
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly security: readonly Record<string, unknown>[];
  readonly 'x-roles'?: readonly Who[];
  readonly 'x-scope'?: 'read' | 'write';
}

/** That the served document is this one has its own test. */
const document = JSON.parse(JSON.stringify(openApiDocument('http://gateway.test'))) as {
  paths: Record<string, Record<string, Omit<Operation, 'method' | 'path'>>>;
};
const operations: Operation[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
);
const isOpen = ({ security }: Operation): boolean => security.length === 0;
const takesKeys = ({ security }: Operation): boolean => security.some((one) => 'apiKey' in one);
const takesSessions = ({ security }: Operation): boolean => security.some((one) => 'session' in one);

/** With a query that no route takes: whoever is let in gets 422, and nothing happens. */
function pathOf({ path }: Operation): string {
  const filled = path.replace(/\{(\w+)\}/g, (_braces, name: string) => {
    const value = PARAMETERS[name];
    if (!value) throw new Error(`No value for the path parameter {${name}}`);
    return value();
  });
  return `${filled}?notAField=1`;
}

/** What the document says, read independently of `authorize`. */
function expected(operation: Operation, caller: Caller): [number, string] {
  const { path, 'x-roles': roles = [], 'x-scope': scope } = operation;
  const letIn: [number, string] = [422, 'validation-failed'];
  if (isOpen(operation)) return letIn;
  if (caller.who === 'nobody') return [401, 'unauthorized'];
  const isCustomer = caller.who === 'main' || caller.who === 'sub';
  if (isCustomer && path.includes('{id}') && !caller.ownsMain) return [404, 'not-found'];
  if (caller.who === 'sub' && path.includes('{sub}') && !caller.ownsSub) return [404, 'not-found'];
  const takes = caller.credential === 'key' ? takesKeys(operation) : takesSessions(operation);
  if (!roles.includes(caller.who) || !takes) return [403, 'forbidden'];
  if (caller.who === 'main' && scope === 'write' && !caller.scopes.includes('write'))
    return [403, 'forbidden'];
  return letIn;
}

describe.each(operations.map((operation) => [operation.operationId, operation] as const))(
  '%s',
  (_id, operation) => {
    test.each(CALLER_NAMES)('called by %s answers as the document says', async (name) => {
      const { status, body, headers } = await gateway.call(
        operation.method,
        pathOf(operation),
        credentials.get(name),
      );
      expect([status, body.code]).toEqual(expected(operation, CALLERS[name]));
      if (status === 401) expect(headers.get('www-authenticate')).toContain('Bearer');
    });
  },
);

describe('document and router', () => {
  test('the served document is the one that these rows are from', async () => {
    const { body } = await gateway.call('GET', '/openapi.json', { key: null });
    expect(body).toEqual(document);
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual([...ROUTE_IDS].sort());
  });

  test('have the same routes; only the open paths are served besides, and they answer every caller', async () => {
    const documented = operations.map(({ method, path }) => `${method} ${routerPath(path)}`);
    // Fastify adds a HEAD to every GET, behind the same gate.
    const open = [...OPEN_PATHS].map((path) => `GET ${path}`);
    const served = gateway.running.routes
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, path }) => `${method} ${path}`);
    expect([...new Set(served)].sort()).toEqual([...documented, ...open].sort());
    for (const path of OPEN_PATHS) {
      const filled = path
        .replace(':code', 'forbidden')
        .replace(':version/:name', `${docsIndex().version}/docs.css`)
        .replace(':name', 'webhooks');
      const { status } = await gateway.call('GET', filled, { key: null });
      expect([path, status]).toEqual([path, 200]);
    }
  });

  test('HEAD is answered like GET', async () => {
    const read = operations.filter(({ method }) => method === 'GET');
    for (const operation of read) {
      const { status } = await gateway.call('HEAD', pathOf(operation), { key: null });
      expect([operation.operationId, status]).toEqual([operation.operationId, 401]);
    }
  });
});

const cookieWrites = operations
  .filter((operation) => operation.method !== 'GET' && !isOpen(operation))
  .flatMap((operation) =>
    CALLER_NAMES.filter((name) => CALLERS[name].credential === 'session')
      .filter((name) => expected(operation, CALLERS[name])[0] === 422)
      .map((name) => [operation.operationId, name, operation] as const),
  );

test.each(cookieWrites)('%s by the cookie of %s needs its X-CSRF-Token', async (_id, name, operation) => {
  const other = credentials.get(name === 'sub' ? 'main by session' : 'sub')?.session?.csrfToken ?? '';
  const { cookie = '' } = credentials.get(name)?.session ?? {};
  for (const token of [undefined, '', 'wrong', other]) {
    const { status, body } = await gateway.call(operation.method, pathOf(operation), {
      key: null,
      headers: { cookie, ...(token === undefined ? {} : { 'x-csrf-token': token }) },
    });
    expect([status, body.code, body.errors?.[0]?.path]).toEqual([403, 'forbidden', 'X-CSRF-Token']);
  }
});
