import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OPERATOR_KEY, TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ PUBLIC_URL: 'https://points.example' });
});
afterAll(() => gateway?.stop());

function expectHeaders(headers: Headers): void {
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(Object.fromEntries(headers)).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
  });
}

/** Only the head: a stream does not end. */
async function answerTo(method: string, path: string, key: null | undefined): Promise<Response> {
  const response = await fetch(`${gateway.running.url}${path}`, {
    method,
    headers: key === null ? {} : { authorization: `Bearer ${OPERATOR_KEY}` },
  });
  await response.body?.cancel();
  return response;
}

test('every route answers with them, for every caller', async () => {
  const routes = gateway.running.routes.filter(({ method }) => method !== 'HEAD');
  expect(routes.length).toBeGreaterThan(40);
  for (const { method, path } of routes) {
    const filled = path.replace(':code', 'forbidden').replace(/:\w+/g, 'ma_none');
    for (const key of [null, undefined]) {
      const { headers } = await answerTo(method, filled, key);
      expectHeaders(headers);
    }
  }
});

test.each([
  ['an unknown path', '/nothing', 404],
  ['a path that cannot be decoded', '/v1/main-accounts/%', 400],
  ['an address that is too long', `/${'a'.repeat(5_000)}`, 400],
])('%s, too', async (_name, path, status) => {
  const reply = await gateway.call('GET', path);
  expect(reply.status).toBe(status);
  expectHeaders(reply.headers);
});

test('what is no HTTP at all, too', async () => {
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(gateway.running.ports.gateway, '127.0.0.1', () =>
      socket.write('NONSENSE\r\n\r\n'),
    );
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
  const lines = text.split('\r\n\r\n')[0]?.split('\r\n').slice(1) ?? [];
  expectHeaders(new Headers(lines.map((line) => line.split(': ') as [string, string])));
});

describe('pages', () => {
  test('/docs runs the script of its nonce alone, which is another each time', async () => {
    const nonces = await Promise.all(
      [1, 2].map(async () => {
        const { headers, body } = await gateway.call('GET', '/docs', { key: null });
        const nonce = /script-src 'nonce-([\w-]{22})';/.exec(
          headers.get('content-security-policy') ?? '',
        )?.[1];
        expect(body.match(/<script[^>]*>/g)).toEqual([
          expect.stringContaining(`nonce="${nonce}" src="/docs/assets/`),
        ]);
        expect(body).not.toMatch(/<style|\son\w+=|\sstyle=|javascript:/i);
        return nonce;
      }),
    );
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  test.each(['/docs/errors/forbidden', '/docs/guides/webhooks'])(
    '%s have no script and no inline style',
    async (path) => {
      const { headers, body } = await gateway.call('GET', path, { key: null });
      expect(headers.get('content-security-policy')).toContain("default-src 'none'; style-src 'self';");
      expect(body).not.toMatch(/<script|<style|\son\w+=|\sstyle=|javascript:/i);
    },
  );
});

test('without HTTPS there is no HSTS header', async () => {
  const plain = await gateway.another({ PUBLIC_URL: 'http://points.example' });
  try {
    const { headers } = await gateway.call('GET', '/healthz', { key: null, url: plain.url });
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  } finally {
    await plain.stop();
  }
});
