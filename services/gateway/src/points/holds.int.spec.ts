import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { TestGateway, UPSTREAM_KEY } from '../test-support/test-gateway.js';

let gateway: TestGateway;
let main: string;
let sub: string;
beforeAll(async () => {
  gateway = await TestGateway.start({ WRITE_WAIT_MS: '1500', RESEND_AFTER_MS: '1000' });
  main = await gateway.mainAccount();
  sub = await gateway.subAccount(main, 'Sales');
});
afterAll(() => gateway?.stop());
afterEach(() => {
  gateway.ledger.silent = false;
  gateway.ledger.refusals.clear();
});

const place = (messageId: string, more: object = {}, key?: string, mainAccountId = main) =>
  gateway.call('POST', `/v1/main-accounts/${mainAccountId}/holds`, {
    key: UPSTREAM_KEY,
    body: { subAccountId: sub, messageId, points: '2', ...more },
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });
const release = (messageId: string) =>
  gateway.call('DELETE', `/v1/main-accounts/${main}/holds/${messageId}`, { key: UPSTREAM_KEY });
const rows = async (table: 'operation' | 'idempotency_key') =>
  (await gateway.database.client.query(`SELECT 1 FROM gateway.${table}`)).rowCount;

describe('a hold', () => {
  test('is placed without a row, and answers with what is left', async () => {
    const before = [await rows('operation'), await rows('idempotency_key')];
    const { status, body, headers } = await place('m1', {}, 'k1');
    expect(status).toBe(201);
    expect(body).toEqual({
      messageId: 'm1',
      subAccountId: sub,
      points: '2',
      expiresAt: '2026-11-23T09:15:00.000Z',
      remaining: '98',
    });
    expect(headers.get('location')).toBe(`/v1/main-accounts/${main}/holds/m1`);
    expect(headers.get('idempotent-replayed')).toBeNull();
    expect([await rows('operation'), await rows('idempotency_key')]).toEqual(before);
  });

  test('repeated with its key is answered as before: the ledger knows the command', async () => {
    const first = await place('m2', {}, 'k2');
    const again = await place('m2', {}, 'k2');
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const sent = gateway.ledger.seen.filter(({ name }) => name === 'hold.place').map(({ id }) => id);
    expect(sent.at(-1)).toBe(sent.at(-2));
  });

  test('with a used key and other content is refused, also concurrently', async () => {
    await place('m3', {}, 'k3');
    const other = await place('m3', { points: '3' }, 'k3');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-conflict']);
    const both = await Promise.all([place('m4', {}, 'k4'), place('m5', {}, 'k4')]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 422]);
  });

  test('of the same key for another main account is another hold', async () => {
    const elsewhere = await gateway.mainAccount();
    expect((await place('m6', {}, 'k6')).status).toBe(201);
    const subAccountId = await gateway.subAccount(elsewhere, 'Sales');
    expect((await place('m6', { subAccountId }, 'k6', elsewhere)).status).toBe(201);
  });

  test('that the ledger refuses is 409 with its figures', async () => {
    gateway.ledger.refusals.set('hold.place', { code: 'limit-exceeded', needed: '2', remaining: '1.5' });
    const { status, body } = await place('m7');
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'limit-exceeded', needed: '2', remaining: '1.5' });
    expect(body.operation).toBeUndefined();
  });

  test('for an unknown main account is 404', async () => {
    const nobody = 'ma_00000000-0000-7000-8000-000000000000';
    expect((await place('m8', {}, undefined, nobody)).status).toBe(404);
  });

  test('without an outcome in time is an operation, and ends as one', async () => {
    gateway.ledger.silent = true;
    const [first, same] = await Promise.all([place('m9', {}, 'k9'), place('m9', {}, 'k9')]);
    expect([first.status, same.status]).toEqual([202, 202]);
    const location = first.headers.get('location') as string;
    expect(same.headers.get('location')).toBe(location);
    gateway.ledger.silent = false;
    const done = await eventually(
      async () => {
        const { body } = await gateway.call('GET', location, { key: UPSTREAM_KEY });
        return body.status === 'succeeded' ? body : undefined;
      },
      { what: 'the end of the operation' },
    );
    expect(done).toMatchObject({ action: 'placeHold', mainAccountId: main, subAccountId: sub });
    expect((await place('m9', {}, 'k9')).status).toBe(201);
  });

  test('is released, and barred if it was not placed', async () => {
    expect((await release('m1')).status).toBe(200);
    const { status, body } = await release('never-placed');
    expect([status, body.messageId]).toEqual([200, 'never-placed']);
  });

  test('is answered by every instance, whichever reads its event', async () => {
    const other = await gateway.another();
    try {
      const mains = await Promise.all([0, 1, 2, 3].map(() => gateway.mainAccount()));
      const subs = await Promise.all(mains.map((one) => gateway.subAccount(one, 'Sales')));
      const asked = mains.flatMap((one, index) =>
        [gateway.running.url, other.url].map(async (url, instance) => {
          const response = await fetch(`${url}/v1/main-accounts/${one}/holds`, {
            method: 'POST',
            headers: { authorization: `Bearer ${UPSTREAM_KEY}`, 'content-type': 'application/json' },
            body: JSON.stringify({
              subAccountId: subs[index],
              messageId: `i${index}-${instance}`,
              points: '1',
            }),
          });
          return response.status;
        }),
      );
      expect(await Promise.all(asked)).toEqual(mains.flatMap(() => [201, 201]));
    } finally {
      await other.stop();
    }
  });
});
