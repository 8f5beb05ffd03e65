import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { eventText, ledgerEvent, usedEvent } from '../test-support/ledger-events.js';
import { TestGateway } from '../test-support/test-gateway.js';
import { type Received, WebhookReceiver } from '../test-support/webhook-receiver.js';

let gateway: TestGateway;
let receiver: WebhookReceiver;
let main: string;
beforeAll(async () => {
  receiver = await new WebhookReceiver().start();
  gateway = await TestGateway.start({
    WEBHOOK_ALLOW_PRIVATE_ADDRESSES: 'true',
    WEBHOOK_RETRY_FIRST_MS: '50',
    WEBHOOK_TIMEOUT_MS: '1000',
    LOG_LEVEL: 'trace',
  });
  main = await gateway.mainAccount('1000');
});
afterAll(async () => {
  await gateway?.stop();
  await receiver?.stop();
});

const hooks = (of = main) => `/v1/main-accounts/${of}/webhooks`;
let paths = 0;
/** A webhook at a path of its own. */
async function webhook(events: string[], of = main) {
  paths += 1;
  const path = `/hook-${paths}`;
  const { status, body, headers } = await gateway.call('POST', hooks(of), {
    body: { url: receiver.url(path), events },
  });
  expect(status).toBe(201);
  return { ...body, path, location: headers.get('location') } as {
    id: string;
    secret: string;
    path: string;
    location: string;
  };
}
const deliveries = async (id: string, of = main) =>
  (await gateway.call('GET', `${hooks(of)}/${id}/deliveries`)).body.items;
const remove = (id: string, of = main) => gateway.call('DELETE', `${hooks(of)}/${id}`);

/** As the specification says it, and not as the library does. */
function isSignedWith(secret: string, { headers, body }: Received): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(expected);
}

describe('a webhook', () => {
  test('shows its secret when it is made, and never again', async () => {
    const made = await webhook(['limit.exceeded', 'period.rolled']);
    expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made.location).toBe(`${hooks()}/${made.id}`);
    const read = await gateway.call('GET', made.location);
    expect(read.body).toEqual({
      id: made.id,
      url: receiver.url(made.path),
      events: ['limit.exceeded', 'period.rolled'],
      description: '',
      enabled: true,
      disabledReason: null,
      disabledAt: null,
      failingSince: null,
      previousSecretUntil: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    const list = await gateway.call('GET', hooks());
    const patched = await gateway.call('PATCH', made.location, { body: { description: 'Alarms' } });
    expect(patched.body.description).toBe('Alarms');
    await gateway.call('POST', `${made.location}/ping`);
    await eventually(() => receiver.to(made.path).length === 1);
    const bare = made.secret.replace('whsec_', '');
    expect(gateway.logged.length).toBeGreaterThan(0);
    for (const text of [JSON.stringify([read.body, list.body, patched.body]), gateway.logged.join('\n')])
      expect(text).not.toContain(bare);
    const { rows } = await gateway.database.client.query(
      'SELECT encode(secret, $1) AS secret FROM gateway.webhook',
      ['base64'],
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(Buffer.from(row.secret, 'base64').includes(bare)).toBe(false);
    await remove(made.id);
  });

  test('is refused with what is wrong with it', async () => {
    const bad = (body: object) => gateway.call('POST', hooks(), { body });
    const paths = async (body: object) => {
      const reply = await bad(body);
      expect(reply.status).toBe(422);
      return reply.body.errors.map((error: { path: string }) => error.path);
    };
    expect(await paths({ url: 'ftp://example.com', events: ['period.rolled'] })).toEqual(['url']);
    expect(await paths({ url: 'http://u:p@example.com', events: ['period.rolled'] })).toEqual(['url']);
    expect(await paths({ url: 'https://example.com', events: [] })).toEqual(['events']);
    expect(await paths({ url: 'https://example.com', events: ['webhook.ping'] })).toEqual(['events.0']);
  });

  test('is one of ten at most, also when they are made at once', async () => {
    const own = await gateway.mainAccount('1');
    const replies = await Promise.all(
      Array.from({ length: 12 }, () =>
        gateway.call('POST', hooks(own), { body: { url: 'https://example.com', events: ['period.rolled'] } }),
      ),
    );
    expect(replies.map(({ status }) => status).filter((status) => status === 201)).toHaveLength(10);
    const refused = replies.filter(({ status }) => status !== 201);
    expect(refused.map(({ body }) => body.code)).toEqual(['too-many-webhooks', 'too-many-webhooks']);
    const { body } = await gateway.call('GET', `${hooks(own)}?limit=7`);
    expect(body.items).toHaveLength(7);
    const next = await gateway.call('GET', `${hooks(own)}?limit=7&cursor=${body.nextCursor}`);
    expect(next.body.items).toHaveLength(3);
    expect(next.body.nextCursor).toBeNull();
  });

  test('of another main account is not found, nor is a delivery of another webhook', async () => {
    const made = await webhook(['period.rolled']);
    const other = await webhook(['period.rolled']);
    const stranger = await gateway.mainAccount('1');
    const key = await gateway.apiKey(stranger, ['write']);
    const { body: ping } = await gateway.call('POST', `${made.location}/ping`);
    const asked: [string, string][] = [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/secret'],
      ['POST', '/ping'],
      ['GET', '/deliveries'],
      ['GET', `/deliveries/${ping.id}`],
      ['POST', `/deliveries/${ping.id}/redeliver`],
    ];
    for (const [method, rest] of asked) {
      const body = method === 'PATCH' ? { body: { description: 'x' } } : {};
      const own = await gateway.call(method, `${hooks(stranger)}/${made.id}${rest}`, { key, ...body });
      const foreign = await gateway.call(method, `${hooks()}/${made.id}${rest}`, { key, ...body });
      expect([method, rest, own.status, foreign.status]).toEqual([method, rest, 404, 404]);
    }
    const crossed = `${hooks()}/${other.id}/deliveries/${ping.id}`;
    expect((await gateway.call('GET', crossed)).status).toBe(404);
    expect((await gateway.call('POST', `${crossed}/redeliver`)).status).toBe(404);
    expect((await gateway.call('GET', `${made.location}/deliveries/${ping.id}`)).status).toBe(200);
    await Promise.all([remove(made.id), remove(other.id)]);
  });
});

describe('a delivery', () => {
  test('is signed as Standard Webhooks are; after a rotation with both secrets', async () => {
    const made = await webhook(['period.rolled']);
    const ping = await gateway.call('POST', `${made.location}/ping`);
    expect(ping.status).toBe(201);
    expect(ping.headers.get('location')).toBe(`${made.location}/deliveries/${ping.body.id}`);
    await eventually(() => receiver.to(made.path).length === 1);
    const [first] = receiver.to(made.path) as [Received];
    expect(first.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': ping.body.id,
    });
    expect(Math.abs(Number(first.headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(60);
    expect(JSON.parse(first.body)).toEqual({
      type: 'webhook.ping',
      timestamp: expect.any(String),
      data: { mainAccountId: main, webhookId: made.id },
    });
    expect(isSignedWith(made.secret, first)).toBe(true);
    expect(isSignedWith(made.secret, { ...first, body: `${first.body} ` })).toBe(false);

    const { body: rotated } = await gateway.call('POST', `${made.location}/secret`);
    expect(rotated.secret).not.toBe(made.secret);
    await gateway.call('POST', `${made.location}/ping`);
    await eventually(() => receiver.to(made.path).length === 2);
    const second = receiver.to(made.path)[1] as Received;
    expect([isSignedWith(made.secret, second), isSignedWith(rotated.secret, second)]).toEqual([true, true]);

    await gateway.database.client.query(
      `UPDATE gateway.webhook SET previous_secret_until = now() - interval '1 second' WHERE id = $1`,
      [made.id],
    );
    await gateway.call('POST', `${made.location}/ping`);
    await eventually(() => receiver.to(made.path).length === 3);
    const third = receiver.to(made.path)[2] as Received;
    expect([isSignedWith(made.secret, third), isSignedWith(rotated.secret, third)]).toEqual([false, true]);
    expect((await gateway.call('GET', made.location)).body.previousSecretUntil).toBeNull();
    await remove(made.id);
  });

  test('is tried again until it is received, and may be redelivered', async () => {
    const made = await webhook(['period.rolled']);
    receiver.reactions.push(500, 302, (response) => response.destroy());
    const { body: ping } = await gateway.call('POST', `${made.location}/ping`);
    const one = `${made.location}/deliveries/${ping.id}`;
    await eventually(async () => (await gateway.call('GET', one)).body.status === 'succeeded');
    const got = receiver.to(made.path);
    expect(got).toHaveLength(4);
    expect(new Set(got.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([ping.id]));
    expect(new Set(got.map(({ body }) => body)).size).toBe(1);
    expect((await deliveries(made.id))[0]).toEqual({
      id: ping.id,
      event: 'webhook.ping',
      status: 'succeeded',
      attempts: 4,
      responseStatus: 204,
      durationMs: expect.any(Number),
      error: null,
      nextAttemptAt: null,
      createdAt: expect.any(String),
      finishedAt: expect.any(String),
    });
    expect((await gateway.call('GET', made.location)).body.failingSince).toBeNull();
    const again = await gateway.call('POST', `${one}/redeliver`);
    expect(again.body).toMatchObject({ id: ping.id, status: 'pending', finishedAt: null });
    await eventually(async () => (await gateway.call('GET', one)).body.status === 'succeeded');
    expect(receiver.to(made.path)).toHaveLength(5);
    expect(receiver.to(made.path)[4]?.body).toBe(got[0]?.body);
    await remove(made.id);
  });

  test('sends one event for a crossing, with the figures after it; the log is paged', async () => {
    const own = await gateway.mainAccount('1000');
    const sub = await gateway.subAccount(own, 'Crossing', '100');
    const made = await webhook(['limit.reached-80', 'limit.reached-100'], own);
    const at = (used: number, sequence: number) =>
      eventText(usedEvent(used, { main: own, sequence, sub: { subAccountId: sub } }));
    await gateway.ledger.publish(own, at(79, 100), at(80, 101), at(79, 100), at(80, 101), at(90, 102));
    await eventually(() => receiver.to(made.path).length === 1);
    await gateway.ledger.publish(own, at(90, 102), at(100, 103), at(80, 101), at(101, 104));
    await eventually(() => receiver.to(made.path).length === 2);
    expect(receiver.to(made.path).map(({ body }) => JSON.parse(body))).toEqual([
      {
        type: 'limit.reached-80',
        timestamp: '2026-11-23T09:00:00.000Z',
        data: expect.objectContaining({
          mainAccountId: own,
          subAccountId: sub,
          subAccount: 'Crossing',
          period: '2026-11',
          limit: '100',
          used: '80',
          remaining: '20',
        }),
      },
      expect.objectContaining({ type: 'limit.reached-100', data: expect.objectContaining({ used: '100' }) }),
    ]);
    // One batch each: a refund does not make it news again, a raise does.
    const told = () =>
      receiver.to(made.path).map(({ body }) => {
        const { type, data } = JSON.parse(body);
        return `${type} ${data.used}`;
      });
    const raised = { subAccountId: sub, limit: '200', remaining: '100', used: '100' };
    await gateway.ledger.publish(own, at(60, 105));
    await gateway.ledger.publish(own, at(85, 106));
    const name = 'limit.changed';
    const more = { main: own, effective: 'immediately' };
    await gateway.ledger.publish(own, eventText(ledgerEvent(name, { ...more, sequence: 107, sub: raised })));
    const again = { ...raised, used: '160', remaining: '40' };
    await gateway.ledger.publish(own, eventText(usedEvent(160, { main: own, sequence: 108, sub: again })));
    await eventually(() => told().length === 3);
    // An old one again, which would be a crossing from here; then one that is.
    await gateway.ledger.publish(own, at(101, 104));
    const all = { ...raised, used: '200', remaining: '0' };
    await gateway.ledger.publish(own, eventText(usedEvent(200, { main: own, sequence: 109, sub: all })));
    await eventually(() => told().length === 4);
    expect(told().slice(2)).toEqual(['limit.reached-80 160', 'limit.reached-100 200']);
    const path = `${hooks(own)}/${made.id}/deliveries`;
    const first = await gateway.call('GET', `${path}?limit=1`);
    expect(first.body.items.map((item: { event: string }) => item.event)).toEqual(['limit.reached-100']);
    const second = await gateway.call('GET', `${path}?limit=3&cursor=${first.body.nextCursor}`);
    expect(second.body.items.map((item: { event: string }) => item.event)).toEqual([
      'limit.reached-80',
      'limit.reached-100',
      'limit.reached-80',
    ]);
    expect(second.body.nextCursor).toBeNull();
    const pending = await gateway.call('GET', `${path}?status=pending`);
    expect(pending.body.items).toEqual([]);
  });

  test('sends events for a deactivation and a month start, only to subscribed webhooks', async () => {
    const own = await gateway.mainAccount('1000');
    const sub = await gateway.subAccount(own, 'Leaving', '100');
    const made = await webhook(['sub-account.deactivated', 'period.rolled'], own);
    const other = await webhook(['limit.exceeded'], own);
    await gateway.call('POST', `/v1/main-accounts/${own}/sub-accounts/${sub}/deactivate`);
    await eventually(() => receiver.to(made.path).length === 1);
    const figures = { from: '2026-11', to: '2026-12', returned: '10', granted: '20', funded: 1, unfunded: 0 };
    await gateway.ledger.publish(
      own,
      eventText(ledgerEvent('period.rolled', { main: own, sequence: 99, ...figures })),
    );
    await eventually(() => receiver.to(made.path).length === 2);
    expect(receiver.to(made.path).map(({ body }) => JSON.parse(body))).toEqual([
      expect.objectContaining({
        type: 'sub-account.deactivated',
        data: expect.objectContaining({ subAccountId: sub, subAccount: 'Leaving' }),
      }),
      expect.objectContaining({ type: 'period.rolled', data: expect.objectContaining(figures) }),
    ]);
    expect(await deliveries(other.id, own)).toEqual([]);
  });
});
