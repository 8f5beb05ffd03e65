import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ROUTE_IDS } from '@subledger/contracts';
import { eventually } from '@subledger/testing';
import { registeredRoutes } from '../request/route.decorator.js';
import { TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
let mine: string;
let theirs: string;
let sub: string;
beforeAll(async () => {
  gateway = await TestGateway.start();
  [mine, theirs] = await Promise.all([gateway.mainAccount(), gateway.mainAccount()]);
  sub = await gateway.subAccount(mine, 'Sub1');
});
afterAll(() => gateway?.stop());

describe('who may do what', () => {
  test('a sub-account of another main account is 404', async () => {
    expect((await gateway.call('GET', `/v1/main-accounts/${theirs}/sub-accounts/${sub}`)).status).toBe(404);
  });

  test('a revoked key is refused at once', async () => {
    const { body } = await gateway.call('POST', `/v1/main-accounts/${mine}/api-keys`, {
      body: { name: 'x', scopes: ['read'] },
    });
    const path = `/v1/main-accounts/${mine}`;
    expect((await gateway.call('GET', path, { key: body.key })).status).toBe(200);
    expect((await gateway.call('DELETE', `${path}/api-keys/${body.id}`)).status).toBe(204);
    expect((await gateway.call('GET', path, { key: body.key })).status).toBe(401);
  });

  test('every row of the route table has its handler', () => {
    expect([...registeredRoutes].sort()).toEqual([...ROUTE_IDS].sort());
  });
});

describe('broken requests', () => {
  const subs = () => `/v1/main-accounts/${mine}/sub-accounts`;
  const good = { name: 'Good', password: 'lantern5moss', limit: '10' };

  test.each<[string, object, string[]]>([
    ['nothing', {}, ['limit', 'name', 'password']],
    ['an unknown field', { ...good, colour: 1 }, ['colour']],
    ['a name with a dash', { ...good, name: 'a-b' }, ['name']],
    ['a name that is too long', { ...good, name: 'a'.repeat(65) }, ['name']],
    ['a short password', { ...good, password: 'short' }, ['password']],
    ['a limit as a number', { ...good, limit: 10 }, ['limit']],
    ['a limit with a sign', { ...good, limit: '-1' }, ['limit']],
    ['a limit with decimals', { ...good, limit: '1.5' }, ['limit']],
    ['a limit that is too large', { ...good, limit: '1000000001' }, ['limit']],
    ['a full-width digit', { ...good, limit: '１' }, ['limit']],
    ['a sender that is no number', { ...good, senderNumbers: ['abc'] }, ['senderNumbers.0']],
    ['null', { ...good, name: null }, ['name']],
  ])('%s is 422 naming the fields', async (_what, body, paths) => {
    const answer = await gateway.call('POST', subs(), { body });
    expect([answer.status, answer.body.code]).toEqual([422, 'validation-failed']);
    expect([...new Set(answer.body.errors.map((error: { path: string }) => error.path))].sort()).toEqual(
      paths,
    );
  });

  test.each<[string, string, object, number, string]>([
    ['no JSON', '{"name":', {}, 400, 'malformed-request'],
    ['a prototype', '{"__proto__":{"a":1}}', {}, 400, 'malformed-request'],
    [
      'another content type',
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported-media-type',
    ],
    ['plain text', 'hello', { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
    ['too much', JSON.stringify({ ...good, name: 'a'.repeat(300_000) }), {}, 413, 'payload-too-large'],
    ['an array', '[]', {}, 422, 'validation-failed'],
  ])('%s', async (_what, raw, headers, status, code) => {
    const answer = await gateway.call('POST', subs(), { raw, headers: headers as Record<string, string> });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  test('bytes that are not UTF-8', async () => {
    const raw = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]);
    expect((await gateway.call('POST', subs(), { raw })).status).toBe(400);
  });

  test.each([
    ['GET', '/nothing', 404, null],
    ['GET', '/v1/main-accounts/x%00y', 404, null],
    ['GET', '/v1/main-accounts/%', 400, null],
    ['PUT', '/v1/main-accounts', 405, 'GET, HEAD, POST'],
    ['DELETE', '/docs', 405, 'GET, HEAD'],
    ['OPTIONS', '/v1/main-accounts', 405, 'GET, HEAD, POST'],
    ['QUERY', '/v1/main-accounts', 405, 'GET, HEAD, POST'],
  ])('%s %s is %d', async (method, path, status, allow) => {
    const answer = await gateway.call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('allow')).toBe(allow);
  });

  test.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'cursor=%21',
    'cursor=abc',
    'sort=colour',
    'status=gone',
    'x=1',
    'limit=1&limit=2',
  ])('the query %s is 422', async (query) => {
    const answer = await gateway.call('GET', `${subs()}?${query}`);
    expect([answer.status, answer.body.code]).toEqual([422, 'validation-failed']);
  });

  test('a body where none is taken, and a bad Idempotency-Key, are 422', async () => {
    const path = `${subs()}/${sub}/pause`;
    expect((await gateway.call('POST', path, { body: { why: 'x' } })).body.errors[0].path).toBe('why');
    const bad = await gateway.call('POST', path, { headers: { 'idempotency-key': 'a b' } });
    expect(bad.body.errors[0].path).toBe('Idempotency-Key');
  });

  test('what is no HTTP at all gets a problem too', async () => {
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(gateway.running.ports.gateway, '127.0.0.1', () =>
        socket.write('NONSENSE\r\n\r\n'),
      );
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
    expect(text).toContain('HTTP/1.1 400');
    expect(text).toContain('malformed-request');
  });
});

describe('what is open', () => {
  test.each(['/healthz', '/readyz', '/openapi.json', '/docs', '/docs/errors/not-found'])(
    '%s needs no key',
    async (path) => {
      // Polled: `/readyz` says 503 while the consumer of events still joins its group.
      const isOpen = async () => (await gateway.call('GET', path, { key: null })).status === 200;
      expect(await eventually(isOpen, { timeoutMs: 30_000, what: `${path} to answer 200` })).toBe(true);
    },
  );

  test.each(['/docs', '/docs/errors/not-found'])(
    '%s loads only what is ours, and runs only what has its nonce',
    async (path) => {
      const { headers, body } = await gateway.call('GET', path, { key: null });
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      const [, nonce] = /script-src [^;]*'nonce-([^']+)'/.exec(policy) ?? [];
      const text = String(body);
      for (const [script] of text.matchAll(/<script[^>]*>/g)) expect(script).toContain(`nonce="${nonce}"`);
      for (const [, address] of text.matchAll(/<(?:script|link|img)[^>]* (?:src|href)="([^"]*)"/g))
        expect(address).toMatch(/^(\/docs\/assets\/|data:)/);
    },
  );

  test('an unknown error page and the metrics are not there', async () => {
    expect((await gateway.call('GET', '/docs/errors/constructor', { key: null })).status).toBe(404);
    expect((await gateway.call('GET', '/metrics', { key: null })).status).toBe(404);
  });
});
