/** Database or broker lost, a service that stands still: said so, nothing lost, and all goes on by itself. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OperationView, Problem, SubAccountView } from '@subledger/contracts';
import { startKafka } from '@subledger/devstack';
import { RecordProducer } from '@subledger/kafka';
import { type ServiceName } from '@subledger/service-kit/installed-services';
import { eventually, messageRecord, messageSent, TcpProxy, TestSystem } from '@subledger/testing';
import { type Customer, mainOf, makeCustomer, makeSub, subOf } from './customer.js';

const SERVICES: readonly ServiceName[] = ['ledger', 'gateway'];

describe('outages', () => {
  let home: string;
  let broker: Awaited<ReturnType<typeof startKafka>>;
  let network: TcpProxy;
  let system: TestSystem;
  let producer: RecordProducer;
  let customer: Customer;
  let sub: SubAccountView;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'subledger-outage-'));
    broker = await startBroker();
    const server = new URL(process.env.TEST_DATABASE_URL ?? '');
    network = await TcpProxy.start({ host: server.hostname, port: Number(server.port || 5432) });
    system = await TestSystem.start({
      services: SERVICES,
      kafkaBrokers: broker.kafkaBrokers,
      databaseUrlForServices: (url) => {
        const through = new URL(url);
        through.port = String(network.port);
        return through.href;
      },
    });
    producer = new RecordProducer(system.kafka, { deliveryTimeoutMs: 60_000 });
    customer = await makeCustomer(system, '10000');
    sub = await makeSub(customer, 'Desk', '1000');
  });
  afterAll(async () => {
    await producer?.close();
    await system?.stop();
    await network?.close();
    await broker?.stop();
    await rm(home, { recursive: true, force: true });
  });

  /** A broker of our own: this suite takes it down. */
  const startBroker = () => startKafka({ home, env: {} });
  const isReady = async (name: ServiceName): Promise<boolean> =>
    (await fetch(`${system.service(name).opsUrl}/readyz`)).status === 200;
  const buy = (points: string) =>
    system.operator.request<Problem>('POST', `${customer.path}/purchases`, {
      body: { points, reference: 'outage' },
    });
  const report = (points: string) =>
    producer.send([messageRecord(messageSent({ mainAccountId: customer.id, subAccountId: sub.id, points }))]);
  const allReady = () =>
    eventually(async () => (await Promise.all(SERVICES.map(isReady))).every(Boolean), {
      timeoutMs: 60_000,
      what: 'all services to be ready again',
    });
  const unready = (name: ServiceName) =>
    eventually(async () => !(await isReady(name)), {
      timeoutMs: 20_000,
      what: `${name} to say that it is not ready`,
    });

  async function expectRefusal(): Promise<void> {
    const { status, headers, body } = await buy('1');
    expect([status, body.code]).toEqual([503, 'service-unavailable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(headers.get('content-type')).toContain('application/problem+json');
  }

  /** The point of it all: what was refused was not booked, what was reported meanwhile was, once. */
  async function expectWork(usedPoints: string): Promise<void> {
    const { balance } = await mainOf(customer);
    const after = await system.operator.callPersistently<{ balanceAfter: string }>(
      'POST',
      `${customer.path}/purchases`,
      { body: { points: '1', reference: `back ${randomUUID()}` } },
    );
    expect(Number(after.balanceAfter)).toBe(Number(balance) + 1);
    await eventually(async () => (await subOf(customer, sub.id)).used === usedPoints, { timeoutMs: 60_000 });
  }

  it.each(['cut', 'stall'] as const)('continues after the database was lost (%s)', async (how) => {
    const { used } = await subOf(customer, sub.id);
    network[how]();
    try {
      await Promise.all(SERVICES.map(unready));
      await expectRefusal();
      await report('5');
    } finally {
      network.restore();
    }
    await allReady();
    await expectWork(String(Number(used) + 5));
  });

  it('continues after the broker was lost', async () => {
    const { used, balance } = { ...(await subOf(customer, sub.id)), ...(await mainOf(customer)) };
    await broker.stop();
    let reporting: Promise<void>;
    try {
      await unready('gateway');
      await expectRefusal();
      // Reading needs no broker.
      expect((await mainOf(customer)).balance).toBe(balance);
      reporting = report('7');
    } finally {
      broker = await startBroker();
    }
    await reporting;
    await allReady();
    await expectWork(String(Number(used) + 7));
  });

  it('answers 202 while the ledger is suspended, and executes it later', async () => {
    const { balance } = await mainOf(customer);
    system.service('ledger').freeze();
    let location: string | null;
    try {
      const answer = await buy('50');
      expect(answer.status).toBe(202);
      location = answer.headers.get('location');
      expect(location).toContain('/v1/operations/');
    } finally {
      system.service('ledger').thaw();
    }
    const operation = await eventually(
      async () => {
        const found = await system.operator.get<OperationView>(location as string);
        return found.status === 'pending' ? undefined : found;
      },
      { timeoutMs: 60_000 },
    );
    expect(operation).toMatchObject({ status: 'succeeded', problem: null });
    expect(Number((await mainOf(customer)).balance)).toBe(Number(balance) + 50);
  });
});
