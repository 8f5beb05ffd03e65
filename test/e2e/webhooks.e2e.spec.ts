/** Webhooks of the built system: from a message to a customer's program, with the gateway killed on the way. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SubAccountView, WebhookDeliveryView } from '@subledger/contracts';
import { RecordProducer } from '@subledger/kafka';
import { eventually, messageRecord, messageSent, TestSystem } from '@subledger/testing';
import { type Customer, makeCustomer, makeSub } from './customer.js';

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The signature as the specification says it. */
const isSigned = (secret: string, { headers, body }: Received): boolean => {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
};

describe('webhooks', () => {
  const received: Received[] = [];
  let answers = true;
  let server: Server;
  let system: TestSystem;
  let producer: RecordProducer;
  let customer: Customer;
  let sub: SubAccountView;
  let secret: string;
  let hook: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        received.push({ headers: request.headers, body });
        if (answers) response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    system = await TestSystem.start({
      services: ['gateway', 'ledger'],
      env: { WEBHOOK_ALLOW_PRIVATE_ADDRESSES: 'true', WEBHOOK_TIMEOUT_MS: '2000' },
    });
    producer = new RecordProducer(system.kafka);
    customer = await makeCustomer(system, '1000');
    sub = await makeSub(customer, 'Sales', '100');
    const made = await customer.api.post<{ id: string; secret: string }>(`${customer.path}/webhooks`, {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
      events: ['limit.reached-80', 'limit.reached-100', 'limit.exceeded'],
    });
    secret = made.secret;
    hook = `${customer.path}/webhooks/${made.id}`;
  });
  afterAll(async () => {
    await producer?.close();
    await system?.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const send = (points: string) =>
    producer.send([messageRecord(messageSent({ mainAccountId: customer.id, subAccountId: sub.id, points }))]);
  const log = () => customer.api.list<WebhookDeliveryView>(`${hook}/deliveries`);
  const types = async () => (await log()).map(({ event }) => event).sort();

  it('survive a kill of the gateway in the middle of a delivery', async () => {
    answers = false;
    await send('85');
    await eventually(() => received.length === 1, { timeoutMs: 20_000 });
    await system.service('gateway').kill9();
    answers = true;
    await system.startService('gateway');
    const [delivery] = await eventually(
      async () => {
        const all = await log();
        return all.every(({ status }) => status === 'succeeded') && all;
      },
      { timeoutMs: 30_000, what: 'the delivery of the lost attempt' },
    );
    expect(delivery).toMatchObject({ event: 'limit.reached-80', attempts: 2, responseStatus: 204 });
    expect(received).toHaveLength(2);
    for (const one of received) {
      expect(one.headers['webhook-id']).toBe(delivery?.id);
      expect(one.body).toBe(received[0]?.body);
      expect(isSigned(secret, one)).toBe(true);
    }
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      type: 'limit.reached-80',
      data: { subAccountId: sub.id, subAccount: 'Sales', limit: '100', used: '85', remaining: '15' },
    });
  });

  it('report events from while the gateway was down, once', async () => {
    await system.service('gateway').kill9();
    await send('10');
    await send('30.5');
    await send('1');
    await system.startService('gateway');
    const told = ['limit.exceeded', 'limit.reached-100', 'limit.reached-80'];
    await eventually(async () => (await types()).length === told.length, { timeoutMs: 30_000 });
    await eventually(() => received.length === 4);
    const exceeded = received
      .map(({ body }) => JSON.parse(body))
      .find(({ type }) => type === 'limit.exceeded');
    expect(exceeded.data).toMatchObject({
      used: '125.5',
      overage: '25.5',
      messagePoints: '30.5',
      messageOverage: '25.5',
    });

    await send('1');
    await eventually(
      async () =>
        (await customer.api.get<SubAccountView>(`${customer.path}/sub-accounts/${sub.id}`)).used === '127.5',
    );
    expect(await types()).toEqual(told);
    expect(received).toHaveLength(4);
  });
});
