/**
 * The broker stands still (SIGSTOP), for less and for longer than the sessions of its consumers, at moments that a seed
 * picks, under a load of writes and messages. Afterwards everything must be read again, by itself.
 *
 * Three times here. Twenty times, with stalls of 10 to 60 s, some half an hour for each number of services:
 *
 *   BROKER_STALLS=20 npm test -- e2e -- broker-stall
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SubAccountView, TransferLine } from '@subledger/contracts';
import { startKafka } from '@subledger/devstack';
import { RecordProducer } from '@subledger/kafka';
import { SeededRandom } from '@subledger/simulator';
import {
  eventually,
  messageRecord,
  messageSent,
  type ServiceProcess,
  spawnService,
  TestSystem,
} from '@subledger/testing';
import { type Customer, makeCustomer, makeSub } from '../e2e/customer.js';

const STALLS = Number(process.env.BROKER_STALLS || 3);
/** The gateway's sessions last 6 s, the ledger's and the scheduler's 15 s. */
const STALL_MS = STALLS > 3 ? { from: 10_000, to: 60_000 } : { from: 7_000, to: 21_000 };
/** How many of each service: in turn where there is time for it. */
const INSTANCES = STALLS > 3 ? [1, 2] : [2];
/** From when the broker goes on. */
const HEALED_MS = 60_000;
const EVERY_MS = 60;

describe.each(INSTANCES)('a broker that is suspended, with %i of each service', (instances) => {
  const random = SeededRandom.announced('broker stalls');
  let home: string;
  let broker: Awaited<ReturnType<typeof startKafka>>;
  let system: TestSystem;
  let producer: RecordProducer;
  let customer: Customer;
  let sub: SubAccountView;
  let writes: Promise<void>;
  let isOver = false;
  const more: ServiceProcess[] = [];
  const sending: Promise<void>[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'subledger-stall-'));
    broker = await startKafka({ home, env: {} });
    system = await TestSystem.start({ kafkaBrokers: broker.kafkaBrokers, gateways: instances });
    for (let at = 1; at < instances; at += 1)
      for (const name of ['ledger', 'scheduler'] as const)
        more.push(await spawnService(name, system.environment(name)));
    producer = new RecordProducer(system.kafka, { deliveryTimeoutMs: 120_000 });
    customer = await makeCustomer(system, '100000');
    sub = await makeSub(customer, 'Desk', '1000');
    writes = load();
  }, 120_000);
  afterAll(async () => {
    isOver = true;
    await writes;
    await producer?.close();
    await Promise.all(more.map((one) => one.stop()));
    await system?.stop();
    await broker?.stop();
    await rm(home, { recursive: true, force: true });
  }, 120_000);

  /** Some 16 messages a second, and half as many writes, whatever comes of them. */
  async function load(): Promise<void> {
    for (let turn = 0; !isOver; turn += 1) {
      const fields = { mainAccountId: customer.id, subAccountId: sub.id, points: '1' };
      sending.push(producer.send([messageRecord(messageSent(fields))]));
      const body = { points: '1', reference: `stall ${turn}` };
      if (turn % 2 === 0)
        system.operator.request('POST', `${customer.path}/purchases`, { body }).catch(() => undefined);
      await delay(EVERY_MS);
    }
  }

  const processes = (): ServiceProcess[] => [
    system.service('ledger'),
    system.service('scheduler'),
    ...Array.from({ length: instances }, (_, instance) => system.gateway(instance)),
    ...more,
  ];
  const isReady = async ({ opsUrl }: ServiceProcess): Promise<boolean> =>
    (await fetch(`${opsUrl}/readyz`)).ok;

  /** All that was reported so far is charged, and a new write is answered with its outcome by every gateway. */
  async function healed(): Promise<void> {
    const expected = sending.length;
    const charged = async () => {
      const { rows } = await system.database.client.query<{ count: string }>(
        'SELECT count(*) FROM ledger.charges',
      );
      return Number(rows[0]?.count);
    };
    await eventually(async () => (await charged()) >= expected, { timeoutMs: HEALED_MS, what: 'charges' });
    const reference = `healed ${random.int(0, 1_000_000_000)}`;
    // A gateway says 503 until it has reached the broker again; whoever repeats gets the outcome, once.
    const answer = await system.operator.callPersistently<TransferLine>(
      'POST',
      `${customer.path}/purchases`,
      {
        body: { points: '1', reference },
        retryForMs: HEALED_MS,
      },
    );
    expect(answer).toMatchObject({ kind: 'purchase', points: '1' });
    await eventually(async () => (await Promise.all(processes().map(isReady))).every(Boolean), {
      timeoutMs: HEALED_MS,
      what: 'all to be ready',
    });
  }

  it.each(Array.from({ length: STALLS }, (_, stall) => stall + 1))(
    'is read from again after stall %i',
    async () => {
      const pid = Number((await readFile(join(home, 'run', 'kafka.pid'), 'utf8')).trim().split(/\s/)[0]);
      await delay(random.int(0, 3_000));
      const ms = random.int(STALL_MS.from, STALL_MS.to);
      process.stderr.write(`chaos: the broker stands still for ${ms} ms\n`);
      process.kill(pid, 'SIGSTOP');
      try {
        await delay(ms);
        if (ms > 18_000) expect((await Promise.all(processes().map(isReady))).filter(Boolean)).toEqual([]);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await healed().catch((error: Error) => {
        throw new Error(`${error.message}\n${system.output()}`);
      });
    },
    200_000,
  );
});
