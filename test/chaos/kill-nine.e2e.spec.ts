/**
 * The services are killed without warning, at moments that a seed picks, while customers write and messages flow.
 * Then an audit that trusts nobody: it adds up the transfers and compares them with what the clients were told.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventType, type MainAccountView, TOPICS } from '@subledger/contracts';
import { nextPeriod, parsePoints, periodStart } from '@subledger/core';
import { readJournal } from '@subledger/ledger/journal';
import { type ServiceName } from '@subledger/service-kit/installed-services';
import { SeededRandom, type SentMessage, SmsSimulator } from '@subledger/simulator';
import { eventually, jsonOf, TestSystem, TopicReader } from '@subledger/testing';
import { makeCustomer, makeSub } from '../e2e/customer.js';
import {
  BOOK_VIOLATIONS,
  bookedPurchases,
  chargedMessages,
  count,
  READ_MODEL_VIOLATIONS,
  violations,
} from './audit.js';
import { type LoadedAccount, RestLoad } from './rest-load.js';

const VICTIMS: readonly ServiceName[] = ['ledger', 'gateway', 'scheduler', 'ledger'];
const CUSTOMERS = 3;
const WORKERS = 24;
/** Writes that get through between two kills, so that each kill hits work under way. */
const PROGRESS = 12;
const SETTLE_MS = 90_000;

interface LedgerEvent {
  data: { mainAccountId: string; sequence: number };
}

describe('services killed under load', () => {
  const random = SeededRandom.announced('chaos');
  const sent: SentMessage[] = [];
  let system: TestSystem;
  let load: RestLoad;
  let simulator: SmsSimulator;
  let accounts: LoadedAccount[];
  let events: TopicReader;
  let monthStart: string;

  beforeAll(async () => {
    system = await TestSystem.start();
    accounts = await openAccounts();
    const { period, timeZone } = await system.operator.get<MainAccountView>(
      `/v1/main-accounts/${accounts[0]?.id}`,
    );
    monthStart = new Date(periodStart(nextPeriod(period), timeZone)).toISOString();
    load = new RestLoad({
      operator: system.operator,
      upstream: system.operator.as(system.upstreamKey),
      accounts,
      random: random.fork(),
      workers: WORKERS,
    });
    simulator = new SmsSimulator({
      kafka: system.kafka,
      ratePerSecond: 60,
      way: 'blind',
      seed: random.int(0, 1_000_000),
      shares: { failed: 0.2, expired: 0.05, refunded: 0.7 },
      onSent: (message) => sent.push(message),
    });
    await simulator.start();
    load.start();
    const month = startMonth();
    await killAll();
    await month;
    await load.finish();
    await simulator.drain(60_000);
    await settle();
    await startMonth();
    await settle();
    events = await TopicReader.open(system.kafka, TOPICS.events);
    print();
  }, 280_000);
  afterAll(async () => {
    await events?.close();
    await simulator?.stop();
    await system?.stop();
  });

  async function openAccounts(): Promise<LoadedAccount[]> {
    return Promise.all(
      Array.from({ length: CUSTOMERS }, async () => {
        const customer = await makeCustomer(system, '5000');
        const subs = [];
        for (const name of ['A', 'B', 'C']) subs.push(await makeSub(customer, name, '500'));
        return { id: customer.id, subAccounts: subs.map(({ id }) => id) };
      }),
    );
  }

  /** One after the other, each back after a moment. */
  async function killAll(): Promise<void> {
    for (const name of random.shuffle(VICTIMS)) {
      const before = load.answered;
      await eventually(() => load.answered >= before + PROGRESS, {
        timeoutMs: 60_000,
        what: `progress before ${name} is killed`,
      }).catch((error: Error) => {
        throw new Error(`${error.message}\n${system.output()}`);
      });
      await delay(random.int(100, 2_500));
      process.stderr.write(
        `chaos: kill -9 ${name} after ${load.answered} writes and ${sent.length} messages\n`,
      );
      await system.service(name).kill9();
      await delay(random.int(0, 1_500));
      await system.startService(name);
    }
  }

  /** A month start in the middle of it all. It may fail half-way; it is asked for again at the end. */
  async function startMonth(): Promise<void> {
    await system
      .runJob('month-start', '--at', monthStart)
      .catch((error: Error) => process.stderr.write(`month-start during chaos: ${error.message}\n`));
  }

  /** Until the ledger has booked what was reported, and the gateway has read what the ledger wrote. */
  async function settle(): Promise<void> {
    await eventually(
      async () => {
        const charges = await count(system.database, 'SELECT count(*) FROM ledger.charges');
        const refunds = await count(system.database, 'SELECT count(*) FROM ledger.refunds');
        if (charges < sent.length) throw new Error(`${charges} of ${sent.length} messages are charged`);
        if (refunds < simulator.counts.refunded)
          throw new Error(`${refunds} of ${simulator.counts.refunded} refunds are booked`);
        for (const [what, sql] of Object.entries(READ_MODEL_VIOLATIONS)) {
          const found = await violations(system.database, sql);
          if (found.length > 0) throw new Error(`the read model differs in ${what}: ${shown(found)}`);
        }
        return true;
      },
      { timeoutMs: SETTLE_MS, everyMs: 250, what: 'quiet' },
    ).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await whereEventsAre()}\n${system.output()}`);
    });
  }

  /** For whoever has to find out what kept the system from coming to rest: lost on the way out, or not read? */
  async function whereEventsAre(): Promise<string> {
    const { rows } = await system.database.client.query(
      'SELECT lane, epoch, lane_sequence, published_sequence, command_offset, message_offset FROM ledger.lanes ORDER BY 1',
    );
    const reader = await TopicReader.open(system.kafka, TOPICS.events);
    const total = (await readJournal(system.database.client, { schema: 'ledger' })).length;
    await reader.waitUntil(() => reader.records.length >= total, 5_000).catch(() => {});
    const highest = new Map<string, number>();
    for (const record of reader.records) {
      const { mainAccountId, sequence } = jsonOf<LedgerEvent>(record).data;
      highest.set(mainAccountId, Math.max(sequence, highest.get(mainAccountId) ?? 0));
    }
    await reader.close();
    return `lanes ${shown(rows)}\nhighest sequences on the topic ${shown([...highest])}`;
  }

  function print(): void {
    const { accepted, refused, purchases } = load;
    process.stderr.write(
      `chaos: ${VICTIMS.length} kills, ${accepted} writes accepted (${purchases.length} purchases), ${refused} refused, ${sent.length} messages, ${simulator.counts.refunded} refunds\n`,
    );
  }

  const shown = (rows: unknown) =>
    JSON.stringify(rows, (_key, value) => (typeof value === 'bigint' ? `${value}` : value));

  it('did real work', () => {
    expect(load.surprises).toEqual([]);
    expect(load.purchases.length).toBeGreaterThan(20);
    expect(load.refused).toBeGreaterThan(0);
    expect(sent.length).toBeGreaterThan(500);
    expect(simulator.counts.refunded).toBeGreaterThan(20);
  });

  it.each(Object.entries(BOOK_VIOLATIONS))('the books: %s', async (_name, sql) => {
    expect(await violations(system.database, sql)).toEqual([]);
  });

  it.each(Object.entries(READ_MODEL_VIOLATIONS))(
    'the read model agrees with the ledger: %s',
    async (_name, sql) => {
      expect(await violations(system.database, sql)).toEqual([]);
    },
  );

  it('booked every accepted purchase exactly once, and no other', async () => {
    const booked = await bookedPurchases(system.database);
    const expected = new Map(
      load.purchases.map(({ reference, points }) => [
        reference,
        { times: 1, sum: BigInt(parsePoints(points)) },
      ]),
    );
    booked.delete('E2E-1');
    expect(booked).toEqual(expected);
  });

  it('charged every reported message exactly once, and no other', async () => {
    const expected = new Map(
      sent.map(({ messageId, points }) => [messageId, { times: 1, points: BigInt(parsePoints(points)) }]),
    );
    expect(await chargedMessages(system.database)).toEqual(expected);
  });

  it('booked every refund once', async () => {
    expect(await count(system.database, 'SELECT count(*) FROM ledger.refunds')).toBe(
      simulator.counts.refunded,
    );
  });

  it('rolled every customer into the next month', async () => {
    const booked = await readJournal(system.database.client, { schema: 'ledger' });
    expect(booked.filter(({ type }) => type === eventType('period.rolled'))).toHaveLength(CUSTOMERS);
  });

  it('published every event: 1, 2, 3 … on the topic too, and each as the journal has it', async () => {
    const booked = await readJournal(system.database.client, { schema: 'ledger' });
    const journal = new Map(
      booked.map(({ mainAccountId, sequence, payload }) => [`${mainAccountId} ${sequence}`, payload]),
    );
    const published = () => {
      const found = new Map<string, string>();
      const highest = new Map<string, number>();
      const disorder: string[] = [];
      for (const record of events.records) {
        const { mainAccountId, sequence } = jsonOf<LedgerEvent>(record).data;
        // A refusal without books has no sequence.
        if (sequence === 0) continue;
        const key = `${mainAccountId} ${sequence}`;
        const before = highest.get(mainAccountId) ?? 0;
        // Repeats are allowed after a takeover; a new sequence has to be the next one.
        if (!found.has(key) && sequence !== before + 1) disorder.push(key);
        highest.set(mainAccountId, Math.max(before, sequence));
        found.set(key, record.value?.toString() ?? '');
      }
      return { found, disorder };
    };
    await events.waitUntil(() => published().found.size >= journal.size, 30_000);
    const { found, disorder } = published();
    expect(disorder).toEqual([]);
    expect(found).toEqual(journal);
  });
});
