import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@subledger/testing';
import { NameServer } from '../test-support/name-server.js';
import { TestGateway } from '../test-support/test-gateway.js';
import { WebhookReceiver } from '../test-support/webhook-receiver.js';
import { nameServerResolver } from './resolve-host.js';
import { guardedLookup, sendWebhook } from './send-webhook.js';

let receiver: WebhookReceiver;
let names: NameServer;
beforeAll(async () => {
  receiver = await new WebhookReceiver().start();
  names = await new NameServer().start();
});
afterAll(async () => {
  await receiver?.stop();
  await names?.stop();
});

/** The receiver, by a name. */
const named = (name: string) => `http://${name}:${receiver.port}/hook`;
const send = (url: string, allowPrivate: boolean, timeoutMs = 1_000) =>
  sendWebhook(
    url,
    '{}',
    {},
    {
      allowPrivate,
      requireHttps: false,
      timeoutMs,
      resolve: nameServerResolver([names.address]),
    },
  );

describe('where a name leads', () => {
  beforeAll(() => {
    names.answer = (name) =>
      ({
        'inside.example.com': ['127.0.0.1'],
        'metadata.example.com': ['169.254.169.254'],
        'both.example.com': ['8.8.8.8', '127.0.0.1'],
      })[name] ?? [];
  });

  test.each([
    ['inside.example.com', 'address-refused'],
    ['metadata.example.com', 'address-refused'],
    ['both.example.com', 'address-refused'],
    ['nowhere.example.com', 'name-not-resolved'],
    ['localhost', 'address-refused'],
    ['127.0.0.1', 'address-refused'],
    ['[::ffff:127.0.0.1]', 'address-refused'],
  ])('%s: %s, and nothing is sent', async (name, error) => {
    const before = receiver.received.length;
    expect(await send(named(name), false)).toMatchObject({ error, responseStatus: null });
    expect(receiver.received).toHaveLength(before);
  });

  test.each([
    ['metadata.example.com', 'address-refused'],
    ['169.254.169.254', 'address-refused'],
    ['0.0.0.0', 'address-refused'],
  ])('%s: %s, also where private addresses are allowed', async (name, error) => {
    expect(await send(named(name), true)).toMatchObject({ error, responseStatus: null });
  });

  test('the same names are fine where private addresses are allowed', async () => {
    const names = ['inside.example.com', 'inside.example.com.', 'localhost', '127.0.0.1'];
    for (const name of names)
      expect(await send(named(name), true)).toMatchObject({ error: null, responseStatus: 204 });
  });

  test('the address that was looked at is the one that is connected to: one look-up per connection', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']];
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return answers[asked - 1] as string[];
    };
    const lookup = guardedLookup({ resolve, allowPrivate: false });
    const found = () =>
      new Promise((done) => {
        lookup('rebinding.example.com', { all: true }, (error, list) => done(error ?? list));
      });
    expect(await found()).toEqual([{ address: '8.8.8.8', family: 4 }]);
    expect(asked).toBe(1);
    expect(await found()).toBeInstanceOf(Error);

    const before = names.queried.length;
    await send(named('inside.example.com'), true);
    expect(names.queried.slice(before)).toEqual(['inside.example.com']);
  });
});

describe('outcomes of answers', () => {
  const post = (timeoutMs = 1_000) => send(receiver.url(), true, timeoutMs);

  test.each([
    [200, null],
    [204, null],
    [299, null],
    [301, 'redirect'],
    [307, 'redirect'],
    [400, 'bad-status'],
    [410, 'bad-status'],
    [500, 'bad-status'],
  ])('%p: %p', async (status, error) => {
    const before = receiver.received.length;
    receiver.reactions.push((response) =>
      response.writeHead(status, { location: receiver.url('/elsewhere') }).end(),
    );
    expect(await post()).toMatchObject({ responseStatus: status, error });
    expect(receiver.received).toHaveLength(before + 1);
    expect(receiver.to('/elsewhere')).toEqual([]);
  });

  test('an answer without end is left after its first kilobyte, not at the time-out', async () => {
    const timeoutMs = 20_000;
    const closed = new Promise<void>((resolve) => {
      receiver.reactions.push((response) => {
        response.on('close', resolve);
        response.writeHead(200);
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
          response.once('drain', more);
        };
        more();
      });
    });
    const result = await post(timeoutMs);
    expect(result).toMatchObject({ responseStatus: 200, error: null });
    expect(result.durationMs).toBeLessThan(timeoutMs / 2);
    await closed;
  });

  test('one that does not come is a time-out, wherever it stops', async () => {
    receiver.reactions.push(() => {});
    expect(await post(200)).toMatchObject({ responseStatus: null, error: 'timeout' });
    receiver.reactions.push((response) => response.write('half'));
    // The status came with the first bytes; that the rest is missing changes nothing.
    expect(await post(200)).toMatchObject({ responseStatus: 200, error: null });
  });

  test('a connection that breaks or is refused', async () => {
    receiver.reactions.push((response) => response.destroy());
    expect(await post()).toMatchObject({ responseStatus: null, error: 'connection-failed' });
    expect(await send('http://127.0.0.1:1/', true)).toMatchObject({ error: 'connection-failed' });
    expect(await send(receiver.url().replace('http:', 'https:'), true)).toMatchObject({
      error: 'connection-failed',
    });
  });
});

describe('a gateway that does not allow private addresses', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start({
      WEBHOOK_NAME_SERVERS: names.address,
      WEBHOOK_RETRY_FIRST_MS: '50',
    });
  });
  afterAll(() => gateway?.stop());

  test('refuses a literal one at once, and shows the refusal of a name in the log', async () => {
    const main = await gateway.mainAccount('1');
    const path = `/v1/main-accounts/${main}/webhooks`;
    const make = (url: string) => gateway.call('POST', path, { body: { url, events: ['period.rolled'] } });
    for (const url of [
      receiver.url(),
      'http://[::1]/',
      'https://169.254.169.254/latest',
      'http://localhost/',
    ]) {
      const refused = await make(url);
      expect([refused.status, refused.body.errors]).toEqual([
        422,
        [{ path: 'url', message: 'must lead to a public address' }],
      ]);
    }
    const before = receiver.received.length;
    const { body } = await make(named('inside.example.com'));
    const moved = await gateway.call('PATCH', `${path}/${body.id}`, { body: { url: receiver.url() } });
    expect(moved.status).toBe(422);
    await gateway.call('POST', `${path}/${body.id}/ping`);
    const shown = await eventually(async () => {
      const { body: log } = await gateway.call('GET', `${path}/${body.id}/deliveries`);
      return log.items[0].attempts >= 2 && log.items[0].error !== null && log.items[0];
    });
    expect(shown).toMatchObject({ error: 'address-refused', responseStatus: null });
    expect(receiver.received).toHaveLength(before);
  });
});
