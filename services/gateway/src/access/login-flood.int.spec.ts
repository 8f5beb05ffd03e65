import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestGateway } from '../test-support/test-gateway.js';

const FLOOD = 200;
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({
    LOGIN_ATTEMPTS_PER_NETWORK: '10000',
    LOGIN_ATTEMPTS_PER_ACCOUNT: '10000',
    LOGIN_ATTEMPTS_PER_ADDRESS: '10000',
  });
});
afterAll(() => gateway?.stop());

test('a flood of logins waits in a short queue or is refused; other requests are served meanwhile', async () => {
  const logIn = () =>
    gateway.call('POST', '/v1/session', { key: null, body: { login: 'nobody', password: 'wrong' } });
  let done = 0;
  const flood = Array.from({ length: FLOOD }, () =>
    logIn().then((reply) => {
      done += 1;
      return reply;
    }),
  );
  const waits: number[] = [];
  while (done < FLOOD) {
    const startedAt = performance.now();
    expect((await gateway.call('GET', '/v1/main-accounts')).status).toBe(200);
    waits.push(performance.now() - startedAt);
  }
  const replies = await Promise.all(flood);
  const busy = replies.filter(({ status }) => status === 429);
  const tried = replies.filter(({ status }) => status === 401);
  expect(busy.length + tried.length).toBe(FLOOD);
  // Two at once and forty in line: all at once would be 200 × 19 MiB.
  expect(tried.length).toBeGreaterThanOrEqual(42);
  expect(busy.length).toBeGreaterThan(0);
  for (const { headers, body } of busy) {
    expect(body.code).toBe('too-many-requests');
    expect(headers.get('retry-after')).toBe('1');
  }
  expect(waits.length).toBeGreaterThan(3);
  waits.sort((a, b) => a - b);
  expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(500);
  const { rows } = await gateway.database.client.query(
    'SELECT max(attempts)::int AS attempts FROM gateway.login_attempt',
  );
  // Who was turned away has not tried: it does not count against the account.
  expect(rows[0].attempts).toBe(tried.length);
});
