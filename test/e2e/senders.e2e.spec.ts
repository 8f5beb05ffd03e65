/**
 * The SMS service as two instances at full speed against limits that run out: what is sent, what the log and its CSV
 * say, and what the ledger has booked agree to the last point, and nobody spends what is not there.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type MessageLine,
  type SubAccountView,
  TOPICS,
  topicSettings,
  type UsageView,
} from '@subledger/contracts';
import { formatPoints, type Points, parsePoints } from '@subledger/core';
import { partitionFor } from '@subledger/kafka/client';
import { SeededRandom, SmsSimulator, type SmsSimulatorOptions } from '@subledger/simulator';
import { eventually, TestSystem } from '@subledger/testing';
import { HoldClient, type Ownership } from '@subledger/upstream';
import { parse } from 'csv-parse/sync';
import { type Customer, makeCustomer, makeSub, subOf } from './customer.js';

const LIMIT = '120';
/** Of each instance: far more than what the limits allow. */
const RATE = 150;
const SUB_ACCOUNTS = 3;
/** Times that each instance was refused before the run counts as run out. */
const REFUSALS = 60;
/** Of the messages' topic, as the test system makes it. */
const PARTITIONS = topicSettings().find(({ name }) => name === TOPICS.messages)?.partitions ?? 0;
const MISBEHAVIOUR = { duplicates: 0.2, disordered: 0.2 };

describe('two instances of the SMS service', () => {
  const random = SeededRandom.announced('senders');
  let system: TestSystem;
  beforeAll(async () => {
    system = await TestSystem.start({ services: ['ledger', 'gateway'] });
  });
  afterAll(() => system?.stop());

  /**
   * Customers with sub-accounts near their limits, on more partitions than one of the two instances can own: both have
   * some, whichever the group gives them. Ids are the gateway's choice, so customers are opened until they spread.
   */
  async function openCustomers(): Promise<{ customer: Customer; subs: SubAccountView[] }[]> {
    const byPartition = new Map<number, Customer>();
    while (byPartition.size <= PARTITIONS / 2) {
      const customer = await makeCustomer(system, '5000');
      byPartition.set(partitionFor(customer.id, PARTITIONS), customer);
    }
    return Promise.all(
      Array.from(byPartition.values(), async (customer) => {
        const names = Array.from({ length: SUB_ACCOUNTS }, (_, index) => `Desk${index}`);
        const subs = await Promise.all(names.map((name) => makeSub(customer, name, LIMIT)));
        return { customer, subs };
      }),
    );
  }

  /** Both at full speed until nothing more is allowed; then everything that is on its way is reported. */
  async function runOut(
    customers: readonly { customer: Customer }[],
    way: (index: number) => Pick<SmsSimulatorOptions, 'way' | 'holds' | 'ownership'>,
  ): Promise<SmsSimulator[]> {
    const ids = new Set(customers.map(({ customer }) => customer.id));
    const simulators = [0, 1].map(
      (index) =>
        new SmsSimulator({
          kafka: system.kafka,
          ratePerSecond: RATE,
          only: (id) => ids.has(id),
          deliveryMs: { min: 20, max: 100 },
          // Refunds fill limits up again, so a refund is spent once more.
          shares: { failed: 0.1, expired: 0.05, refunded: 0.5 },
          misbehaviour: MISBEHAVIOUR,
          seed: random.int(0, 1_000_000),
          ...way(index),
        }),
    );
    await Promise.all(simulators.map((simulator) => simulator.start()));
    try {
      const assertOut = () => {
        for (const { counts } of simulators) {
          const { sent, blocked } = counts;
          if (sent === 0 || blocked <= REFUSALS)
            throw new Error(`an instance has sent ${sent}, was refused ${blocked}`);
        }
        return true;
      };
      await eventually(assertOut, { timeoutMs: 90_000, what: 'both instances to be refused' });
      await Promise.all(simulators.map((simulator) => simulator.drain(60_000)));
    } finally {
      await Promise.all(simulators.map((simulator) => simulator.stop()));
    }
    return simulators;
  }

  /** What was sent less what was refunded, by what the instances counted. */
  const netOf = (simulators: readonly SmsSimulator[]): bigint =>
    simulators.reduce((sum, { counts }) => sum + counts.points - counts.refundedPoints, 0n);

  /** The books, the log, its CSV and the usage of all customers say the same, and no limit was passed. */
  async function assertAgreement(
    customers: readonly { customer: Customer; subs: SubAccountView[] }[],
    expected: bigint,
  ): Promise<void> {
    const books = async () => {
      const views = await Promise.all(
        customers.flatMap(({ customer, subs }) => subs.map(({ id }) => subOf(customer, id))),
      );
      return { views, used: sum(views.map(({ used }) => used)) };
    };
    const { views } = await eventually(
      async () => {
        const now = await books();
        return now.used === expected ? now : undefined;
      },
      { timeoutMs: 60_000, what: `${formatPoints(expected as Points)} used points in the books` },
    );
    for (const { used, overage, held, remaining } of views) {
      expect(overage).toBe('0');
      expect(held).toBe('0');
      expect(parsePoints(used) + parsePoints(remaining)).toBe(parsePoints(LIMIT));
    }
    const log = async () => (await Promise.all(customers.map(({ customer }) => linesOf(customer)))).flat();
    await eventually(async () => sum((await log()).map(({ usedPoints }) => usedPoints)) === expected, {
      timeoutMs: 60_000,
      what: 'the log to have every message and refund',
    });
    const lines = await log();
    expect(new Set(lines.map(({ messageId }) => messageId)).size).toBe(lines.length);
    const rows: Record<string, string>[] = [];
    // One after the other: the gateway bounds downloads at a time.
    for (const { customer } of customers) rows.push(...(await csvOf(customer)));
    expect(rows).toHaveLength(lines.length);
    expect(sum(rows.map((row) => row.USED_POINTS as string))).toBe(expected);
    const usages = await Promise.all(
      customers.map(({ customer }) => customer.api.get<UsageView>(`${customer.path}/usage`)),
    );
    const [charged, refunded] = (['points', 'refunded'] as const).map((name) =>
      sum(usages.map(({ total }) => total[name])),
    );
    expect((charged ?? 0n) - (refunded ?? 0n)).toBe(expected);
    // Each message's end stands, whatever came in which order and how often.
    expect(rows.filter((row) => row['DELIVERY END TIME'] === '')).toEqual([]);
  }

  it('spends no point beyond a limit by holds', async () => {
    const customers = await openCustomers();
    const { gatewayUrl, upstreamKey } = system;
    const holds = HoldClient.overHttp({ gatewayUrl, apiKey: upstreamKey, timeoutMs: 20_000 });
    const simulators = await runOut(customers, () => ({ way: 'strict', holds }));
    await holds.close();
    await assertAgreement(customers, netOf(simulators));
  });

  it('spends no point beyond a limit by the feed, with one owner per main account', async () => {
    const customers = await openCustomers();
    const ownership: Ownership = { groupId: `senders-${randomUUID()}` };
    const simulators = await runOut(customers, () => ({ way: 'feed', ownership }));
    await assertAgreement(customers, netOf(simulators));
  });
});

const sum = (amounts: readonly string[]): bigint =>
  amounts.reduce((total, amount) => total + parsePoints(amount), 0n);

const linesOf = ({ api, path }: Customer): Promise<MessageLine[]> => api.list(`${path}/messages?limit=200`);

async function csvOf({ api, path }: Customer): Promise<Record<string, string>[]> {
  const { status, body } = await api.request<string>('GET', `${path}/messages.csv`, {
    headers: { accept: 'text/csv' },
  });
  expect([status, typeof body === 'string' ? '' : body]).toEqual([200, '']);
  return parse(body, { bom: true, columns: true }) as Record<string, string>[];
}
