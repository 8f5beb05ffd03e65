import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool, withTransaction } from '@subledger/database';
import { createLogger } from '@subledger/service-kit';
import { eventually } from '@subledger/testing';
import type pg from 'pg';
import { type Notified, OutcomeListener } from '../operations/outcome-listener.js';
import { TestGateway } from '../test-support/test-gateway.js';
import { WebhookReceiver } from '../test-support/webhook-receiver.js';
import { type Claimed, DeliveryQueue } from './delivery-queue.js';
import { enqueueWebhookEvent } from './enqueue-webhook-events.js';
import { WebhookListeners } from './webhook-listeners.js';

const TIMEOUT_MS = 1_000;
let gateway: TestGateway;
let receiver: WebhookReceiver;
let pool: pg.Pool;
let main: string;
beforeAll(async () => {
  receiver = await new WebhookReceiver().start();
  gateway = await TestGateway.start({
    WEBHOOK_ALLOW_PRIVATE_ADDRESSES: 'true',
    WEBHOOK_RETRY_FIRST_MS: '50',
    WEBHOOK_RETRY_FOR_MS: '500',
    WEBHOOK_TIMEOUT_MS: String(TIMEOUT_MS),
  });
  pool = createPool({ url: gateway.database.url, schema: 'gateway', applicationName: 'suite', max: 4 });
  main = await gateway.mainAccount('1000');
});
afterEach(() => {
  receiver.usual = 204;
  receiver.reactions.length = 0;
});
afterAll(async () => {
  await pool?.end();
  await gateway?.stop();
  await receiver?.stop();
});

let paths = 0;
/** A webhook at a path of its own, and what one does with it. */
async function webhook(of = main, events = ['period.rolled']) {
  paths += 1;
  const path = `/hook-${paths}`;
  const at = `/v1/main-accounts/${of}/webhooks`;
  const { body } = await gateway.call('POST', at, { body: { url: receiver.url(path), events } });
  const one = `${at}/${body.id}`;
  const call = (method: string, rest = '', options = {}) => gateway.call(method, `${one}${rest}`, options);
  const delivery = async (id: string) => (await call('GET', `/deliveries/${id}`)).body;
  return {
    id: body.id as string,
    path,
    call,
    delivery,
    read: async () => (await call('GET')).body,
    ping: async (): Promise<string> => (await call('POST', '/ping')).body.id,
    ended: (id: string, status: string) =>
      eventually(async () => (await delivery(id)).status === status && delivery(id), { what: status }),
  };
}

/** What a crashed instance leaves: deliveries claimed and not ended. */
const queueOf = (leaseMs: number, keepDays = 30) =>
  new DeliveryQueue(pool, {
    perMain: 8,
    perWebhook: 4,
    leaseMs,
    retryFirstMs: 50,
    retryForMs: 500,
    disableAfterDays: 5,
    keepDays,
  });
const NOBODY = { mains: new Map(), webhooks: new Map() };
/** Queued without a gateway being told, so that whoever looks first has it. */
const ofForecast = (dedupeKey: string, of = main) => ({
  mainAccountId: of,
  type: 'shortfall.forecast' as const,
  at: '2026-11-28T00:00:00.000Z',
  dedupeKey,
  data: {
    mainAccountId: of,
    period: '2026-12',
    startsAt: '2026-11-30T15:00:00.000Z',
    needed: '12000',
    available: '9000.5',
    shortfall: '2999.5',
    unfunded: 1,
    subAccountIds: ['sa_1'],
  },
});

describe('an event from elsewhere', () => {
  test('is queued by the given transaction, once per key, for every subscribed webhook', async () => {
    const takes = await webhook(main, ['shortfall.forecast']);
    const other = await webhook(main, ['period.rolled']);
    const rolledBack = withTransaction(pool, async (client) => {
      expect(await enqueueWebhookEvent(client, ofForecast('2026-12:3'))).toBe(1);
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    const enqueue = () =>
      withTransaction(pool, (client) => enqueueWebhookEvent(client, ofForecast('2026-12:3')));
    expect([await enqueue(), await enqueue()]).toEqual([1, 0]);
    await eventually(() => receiver.to(takes.path).length > 0);
    const { data, at, type } = ofForecast('');
    expect(receiver.to(takes.path).map(({ body }) => JSON.parse(body))).toEqual([
      { type, timestamp: at, data },
    ]);
    expect((await other.call('GET', '/deliveries')).body.items).toEqual([]);
    await Promise.all([takes.call('DELETE'), other.call('DELETE')]);
  });
});

describe('a receiver that does not take it', () => {
  test('is tried for as long as it is set, then the delivery has failed; a success clears the mark', async () => {
    const hook = await webhook();
    receiver.usual = 503;
    const id = await hook.ping();
    const failed = await hook.ended(id, 'failed');
    expect(failed).toMatchObject({ error: 'bad-status', responseStatus: 503, nextAttemptAt: null });
    // The first attempt, and one at the very end of the time.
    expect(failed.attempts).toBeGreaterThanOrEqual(2);
    expect(receiver.to(hook.path)).toHaveLength(failed.attempts);
    expect(await hook.read()).toMatchObject({ enabled: true, failingSince: expect.any(String) });
    receiver.usual = 200;
    expect((await hook.call('POST', `/deliveries/${id}/redeliver`)).status).toBe(200);
    expect(await hook.ended(id, 'succeeded')).toMatchObject({ attempts: 1, error: null });
    expect(await hook.read()).toMatchObject({ failingSince: null });
    await hook.call('DELETE');
  });

  test('410 switches it off at once; what is queued is given up, and may be sent once it is on again', async () => {
    const hook = await webhook();
    const waiting = `whd_waiting_${hook.id}`;
    await pool.query(
      `INSERT INTO webhook_delivery (main_account_id, id, webhook_id, event, dedupe_key, body, next_attempt_at)
       VALUES ($1, $2, $3, 'webhook.ping', 'waiting', '{}', now() + interval '1 hour')`,
      [main, waiting, hook.id],
    );
    receiver.reactions.push(410);
    const gone = await hook.ping();
    expect(await hook.ended(gone, 'failed')).toMatchObject({ responseStatus: 410, attempts: 1 });
    expect(await hook.ended(waiting, 'failed')).toMatchObject({ error: 'webhook-disabled' });
    expect(await hook.read()).toMatchObject({
      enabled: false,
      disabledReason: 'gone',
      disabledAt: expect.any(String),
    });
    for (const rest of ['/ping', `/deliveries/${gone}/redeliver`]) {
      const refused = await hook.call('POST', rest);
      expect([refused.status, refused.body.code]).toEqual([409, 'webhook-disabled']);
    }
    const on = await hook.call('PATCH', '', { body: { enabled: true } });
    expect(on.body).toMatchObject({
      enabled: true,
      disabledReason: null,
      disabledAt: null,
      failingSince: null,
    });
    await hook.call('POST', `/deliveries/${waiting}/redeliver`);
    await hook.ended(waiting, 'succeeded');
    expect(receiver.to(hook.path)).toHaveLength(2);
    await hook.call('DELETE');
  });

  test('for five days switches it off, and not a minute before', async () => {
    const hook = await webhook();
    receiver.usual = 500;
    const failsWith = async (since: string) => {
      await pool.query('UPDATE webhook SET failing_since = now() - $2::interval WHERE id = $1', [
        hook.id,
        since,
      ]);
      await hook.ended(await hook.ping(), 'failed');
      return hook.read();
    };
    expect(await failsWith('4 days 23 hours 59 minutes')).toMatchObject({ enabled: true });
    expect(await failsWith('5 days')).toMatchObject({ enabled: false, disabledReason: 'failing' });
    await hook.call('DELETE');
  });

  test('switched off by request: nothing is queued or sent any more', async () => {
    const hook = await webhook(main, ['shortfall.forecast']);
    receiver.usual = 500;
    const id = await hook.ping();
    await eventually(async () => (await hook.delivery(id)).attempts > 0);
    const off = await hook.call('PATCH', '', { body: { enabled: false } });
    expect(off.body).toMatchObject({ enabled: false, disabledReason: 'by-request' });
    await hook.ended(id, 'failed');
    const enqueued = await withTransaction(pool, (client) =>
      enqueueWebhookEvent(client, ofForecast('while it is off')),
    );
    expect(enqueued).toBe(0);
    await hook.call('DELETE');
    expect((await hook.call('GET')).status).toBe(404);
  });

  test('does not delay others, and gets at most its share at a time', async () => {
    const slow = await webhook();
    const other = await webhook(await gateway.mainAccount('1'));
    let open = 0;
    let most = 0;
    receiver.usual = (response, { path }) => {
      if (path !== slow.path) return void response.writeHead(204).end();
      open += 1;
      most = Math.max(most, open);
      response.on('close', () => {
        open -= 1;
      });
    };
    await pool.query(
      `INSERT INTO webhook_delivery (main_account_id, id, webhook_id, event, dedupe_key, body)
       SELECT $1, 'whd_slow_' || n, $2, 'webhook.ping', n::text, '{}' FROM generate_series(1, 200) AS n`,
      [main, slow.id],
    );
    await slow.ping();
    await eventually(() => open === 4, { what: 'a full share' });
    const id = await other.ping();
    await other.ended(id, 'succeeded');
    expect(receiver.to(other.path)).toHaveLength(1);
    expect(most).toBe(4);
    await slow.call('DELETE');
    await other.call('DELETE');
  });
});

describe('a secret that cannot be read, since WEBHOOK_SECRET_KEY was changed', () => {
  test('fails the delivery with its reason, and is fixed by a new one', async () => {
    const hook = await webhook();
    await pool.query(`UPDATE webhook SET secret = $2 WHERE id = $1`, [hook.id, Buffer.alloc(80, 7)]);
    const id = await hook.ping();
    await eventually(async () => (await hook.delivery(id)).error === 'secret-unreadable');
    expect(receiver.to(hook.path)).toEqual([]);
    expect((await hook.call('POST', '/secret')).status).toBe(200);
    await hook.call('POST', `/deliveries/${id}/redeliver`);
    await hook.ended(id, 'succeeded');
    const [got] = receiver.to(hook.path);
    expect(String(got?.headers['webhook-signature']).split(' ')).toHaveLength(1);
    await hook.call('DELETE');
  });
});

describe('leases', () => {
  /** Queues a delivery as an instance leaves it that claims it and dies. */
  async function claimedByTheDead(webhookId: string, leaseMs: number): Promise<Claimed> {
    const { rows } = await withTransaction(pool, async (client) => {
      await enqueueWebhookEvent(client, ofForecast(`lease of ${webhookId}`));
      return client.query<Claimed>(
        `UPDATE webhook_delivery
            SET lease_id = 'of the dead', attempts = 1,
                next_attempt_at = clock_timestamp() + make_interval(secs => $2)
          WHERE webhook_id = $1 RETURNING main_account_id, id, webhook_id, body, attempts, lease_id`,
        [webhookId, leaseMs / 1_000],
      );
    });
    return rows[0] as Claimed;
  }

  test('an attempt of an instance that died is made by another one, once its lease is over', async () => {
    const hook = await webhook(main, ['shortfall.forecast']);
    const leaseMs = 1_500;
    const claimedAtMs = performance.now();
    const lost = await claimedByTheDead(hook.id, leaseMs);
    expect(await hook.delivery(lost.id)).toMatchObject({ status: 'pending', nextAttemptAt: null });
    expect(await hook.ended(lost.id, 'succeeded')).toMatchObject({ attempts: 2 });
    expect(receiver.to(hook.path)).toHaveLength(1);
    // The column has whole milliseconds.
    expect(receiver.to(hook.path)[0]?.atMs).toBeGreaterThan(claimedAtMs + leaseMs - 1);
    // It was not dead, but slow: how its attempt ended is nobody's business any more.
    const queue = queueOf(1_000);
    await queue.failed(lost, { responseStatus: 500, durationMs: 9, error: 'bad-status' });
    await queue.succeeded(lost, { responseStatus: 201, durationMs: 9, error: null });
    expect(await hook.delivery(lost.id)).toMatchObject({ status: 'succeeded', responseStatus: 204 });
    await hook.call('DELETE');
  });

  test('what one has claimed no other gets, however they ask', async () => {
    const hook = await webhook();
    await hook.call('PATCH', '', { body: { enabled: false } });
    const rows = 40;
    await pool.query(
      `INSERT INTO webhook_delivery (main_account_id, id, webhook_id, event, dedupe_key, body, next_attempt_at)
       SELECT 'ma_claim_' || n, 'whd_claim_' || n, $1, 'webhook.ping', n::text, '{}', NULL
         FROM generate_series(1, $2::int) AS n`,
      [hook.id, rows],
    );
    const scratch = await claimEverywhere(hook.id);
    expect(new Set(scratch).size).toBe(scratch.length);
    expect(scratch.length).toBe(rows);
    await hook.call('DELETE');
  });

  /** Sixteen askers, on a copy of the tables: the gateway would take part in its own. */
  async function claimEverywhere(webhookId: string): Promise<string[]> {
    await pool.query('CREATE SCHEMA claiming');
    await pool.query('CREATE TABLE claiming.webhook AS TABLE gateway.webhook');
    await pool.query('CREATE TABLE claiming.webhook_delivery AS TABLE gateway.webhook_delivery');
    await pool.query('UPDATE claiming.webhook_delivery SET next_attempt_at = now() WHERE webhook_id = $1', [
      webhookId,
    ]);
    const own = createPool({
      url: gateway.database.url,
      schema: 'claiming',
      applicationName: 'suite',
      max: 4,
    });
    try {
      const options = { perMain: 8, perWebhook: 100, leaseMs: 60_000, retryFirstMs: 1, retryForMs: 1 };
      const queue = new DeliveryQueue(own, { ...options, disableAfterDays: 1, keepDays: 1 });
      const claims = await Promise.all(
        Array.from({ length: 16 }, async () => {
          const got: Claimed[] = [];
          for (let round = 0; round < 5; round += 1) got.push(...(await queue.claim(5, NOBODY)));
          return got;
        }),
      );
      return claims.flat().map(({ id }) => id);
    } finally {
      await own.end();
    }
  }

  test('two instances send every delivery once', async () => {
    const second = await gateway.another();
    try {
      const hook = await webhook();
      const ids = await Promise.all(
        Array.from({ length: 30 }, async (_, index) => {
          const url = index % 2 === 0 ? second.url : gateway.running.url;
          const path = `/v1/main-accounts/${main}/webhooks/${hook.id}/ping`;
          return (await gateway.call('POST', path, { url })).body.id as string;
        }),
      );
      for (const id of ids) await hook.ended(id, 'succeeded');
      const got = receiver.to(hook.path).map(({ headers }) => headers['webhook-id']);
      expect(got.sort()).toEqual(ids.sort());
      await hook.call('DELETE');
    } finally {
      await second.stop();
    }
  });
});

describe('housekeeping', () => {
  test('ended deliveries go after 30 days, pending ones stay', async () => {
    const insert = (id: string, age: string, due: string) =>
      pool.query(
        `INSERT INTO webhook_delivery (main_account_id, id, webhook_id, event, dedupe_key, body, status, created_at, next_attempt_at)
         VALUES ('ma_old', $1, 'wh_old', 'webhook.ping', $1, '{}', 'failed', now() - $2::interval, ${due})`,
        [id, age],
      );
    await insert('whd_old', '30 days 1 minute', 'NULL');
    await insert('whd_young', '29 days 23 hours', 'NULL');
    await insert('whd_waiting', '40 days', "now() + interval '1 hour'");
    expect(await queueOf(1_000).clean()).toBe(false);
    const { rows } = await pool.query(
      `SELECT id FROM webhook_delivery WHERE main_account_id = 'ma_old' ORDER BY id`,
    );
    expect(rows.map(({ id }) => id)).toEqual(['whd_waiting', 'whd_young']);
  });

  test('other instances hear of a new webhook at once', async () => {
    const heard: string[] = [];
    let looks = 0;
    const nobody = () => undefined;
    const notified = {
      pending: { setListening: nobody, wake: nobody, look: async () => (looks += 1) },
      direct: { notify: nobody },
      sweeper: { sweepSoon: nobody },
      keys: { forget: nobody },
      webhooks: { add: (mainAccountId: string) => heard.push(mainAccountId) },
      streams: { notify: nobody, setListening: nobody, endOfKey: nobody },
    } as unknown as Notified;
    const log = createLogger({ service: 'suite', level: 'silent' });
    const listener = new OutcomeListener(gateway.database.url, notified, log);
    await listener.start();
    try {
      const hook = await webhook();
      await eventually(() => heard.includes(main));
      expect(looks).toBe(0);
      await hook.call('DELETE');
    } finally {
      await listener.close();
    }
  });

  test('an instance without a notice finds a new webhook by polling, and no disabled one', async () => {
    const log = createLogger({ service: 'suite', level: 'silent' });
    const listeners = new WebhookListeners(pool, log);
    await listeners.start();
    try {
      const own = await gateway.mainAccount('1');
      const quiet = await gateway.mainAccount('1');
      expect(listeners.has(own)).toBe(false);
      await webhook(own);
      await eventually(() => listeners.has(own), { timeoutMs: 5_000 });
      expect(listeners.has(quiet)).toBe(false);
    } finally {
      await listeners.close();
    }
  });
});
