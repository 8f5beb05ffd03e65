import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';
import {
  command,
  commandRecord,
  eventually,
  messageRecord,
  messageRefunded,
  messageSent,
  messageStatus,
  TestSystem,
} from '@subledger/testing';
import { CLIENTS, type Client, type ClientRecord, missingFor } from '../clients/clients.js';
import { type Customer, makeCustomer, makeSub } from './customer.js';

/** The first use of a client fetches and builds it. */
const ROW_TIMEOUT_MS = 300_000;
const CI = process.env.REQUIRE_KAFKA_CLIENTS === 'true';

let system: TestSystem;
let customer: Customer;
let subAccountId: string;

beforeAll(async () => {
  system = await TestSystem.start({ services: ['ledger', 'gateway'] });
  customer = await makeCustomer(system, '1000');
  subAccountId = (await makeSub(customer, 'Clients', '500')).id;
});
afterAll(() => system?.stop());

const onWire = ({ topic, key, value }: OutgoingRecord): ClientRecord => ({
  topic: `${system.kafka.topicPrefix}${topic}`,
  key: String(key),
  value: String(value),
});

/** One of every kind, and a purchase, which names the row. */
function recordsOf(messageId: string): ClientRecord[] {
  const whose = { mainAccountId: customer.id, subAccountId };
  // Long enough to be worth compressing: clients leave out what grows.
  const content = 'ご予約の確認です。'.repeat(40);
  return [
    messageRecord(messageSent({ ...whose, messageId, points: '3', content })),
    messageRecord(messageStatus({ ...whose, messageId })),
    messageRecord(messageRefunded({ ...whose, messageId, points: '1' })),
    commandRecord(
      command('points.purchase', { mainAccountId: customer.id, points: '2', reference: messageId }),
    ),
  ].map(onWire);
}

interface Line {
  readonly status: string;
  readonly millipoints: string;
  readonly refunded: string;
}

async function expectBooked(messageId: string): Promise<void> {
  const { client } = system.database;
  await eventually(async () => {
    const log = await client.query<Line>(
      `SELECT status, millipoints, refunded FROM gateway.message_log WHERE message_id = $1`,
      [messageId],
    );
    expect(log.rows).toEqual([
      { status: 'MESSAGE_DELIVERY_COMPLETE', millipoints: '3000', refunded: '1000' },
    ]);
    const charges = await client.query(`SELECT points, refunded FROM ledger.charges WHERE message_id = $1`, [
      messageId,
    ]);
    expect(charges.rows).toEqual([{ points: '3000', refunded: '1000' }]);
    const transfers = await customer.api.list<{ reference?: string; points: string }>(
      `${customer.path}/transfers?limit=200`,
    );
    expect(transfers.filter(({ reference }) => reference === messageId)).toEqual([
      expect.objectContaining({ points: '2' }),
    ]);
    return true;
  });
}

describe.each(CLIENTS.map((client) => [client.name, client] as [string, Client]))('%s', (_name, client) => {
  const missing = missingFor(client);
  if (missing && !CI) console.warn(`Left out: ${missing}. CI has it.`);
  const row = missing && !CI ? test.skip : test;

  row.each(client.codecs)(
    'writes one message of every kind with the codec %s, and they are booked and logged',
    async (codec) => {
      if (missing) throw new Error(missing);
      const messageId = `${client.name} ${codec}`.replaceAll(/[^\w-]+/g, '-');
      await client.produce(system.kafka.brokers.join(','), codec, recordsOf(messageId));
      await expectBooked(messageId);
    },
    ROW_TIMEOUT_MS,
  );
});

test('the broker has batches of every codec from every client: none was written uncompressed instead', async () => {
  const there = CLIENTS.filter((client) => missingFor(client) === undefined);
  const counts = await batchesByCodec(`${system.kafka.topicPrefix}${TOPICS.messages}-`);
  for (const codec of [0, 1, 2, 3, 4]) expect(counts.get(codec) ?? 0).toBeGreaterThanOrEqual(there.length);
});

/** Batches in the test broker's own files of a topic, by the codec in their attributes. */
async function batchesByCodec(topic: string): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  const homes = (await readdir(tmpdir())).filter((name) => name.startsWith('subledger-test-'));
  for (const home of homes) {
    const logs = join(tmpdir(), home, 'kafka/data');
    for (const folder of await readdir(logs).catch(() => [])) {
      if (!folder.startsWith(topic)) continue;
      const log = await readFile(join(logs, folder, '00000000000000000000.log'));
      for (let at = 0; at + 61 <= log.length && log[at + 16] === 2; at += 12 + log.readInt32BE(at + 8)) {
        const codec = log.readInt16BE(at + 21) & 7;
        counts.set(codec, (counts.get(codec) ?? 0) + 1);
      }
    }
  }
  return counts;
}
