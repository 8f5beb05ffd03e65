import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
let main: string;
beforeAll(async () => {
  // The sweeper alone would send a lost command after a minute.
  gateway = await TestGateway.start({ WRITE_WAIT_MS: '4000', RESEND_AFTER_MS: '60000' });
  main = await gateway.mainAccount();
});
afterAll(() => gateway?.stop());

test('a repeat does not wait for the sweeper: a command that got lost is sent again with it', async () => {
  const headers = { 'idempotency-key': 'lost' };
  const buy = () =>
    gateway.call('POST', `/v1/main-accounts/${main}/purchases`, { body: { points: '4' }, headers });
  const commands = () => gateway.ledger.seen.filter(({ name }) => name === 'points.purchase').slice(1);
  // As a command that was never sent: nobody will answer it.
  gateway.ledger.silent = true;
  expect((await buy()).status).toBe(202);
  gateway.ledger.silent = false;
  const again = await buy();
  expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
  expect(commands()).toHaveLength(2);
  expect(new Set(commands().map(({ id }) => id)).size).toBe(1);
  expect((await gateway.call('GET', `/v1/main-accounts/${main}`)).body.balance).toBe('1004');
});
