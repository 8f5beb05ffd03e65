import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MESSAGE_STATUSES, TOPICS } from '@subledger/contracts';
import {
  DeadLetterSeal,
  type KafkaRecord,
  type OutgoingRecord,
  RecordProducer,
  toDeadLetter,
} from '@subledger/kafka';
import { DEVELOPMENT_DEAD_LETTER_KEY } from '@subledger/service-kit';
import {
  eventually,
  messageRecord,
  messageRefunded,
  messageSent,
  messageStatus,
  newMessageId,
  TopicReader,
} from '@subledger/testing';
import { TestGateway } from '../test-support/test-gateway.js';

const SEAL = new DeadLetterSeal(DEVELOPMENT_DEAD_LETTER_KEY);
const [PASSED, COMPLETE, FAILED] = MESSAGE_STATUSES;
let gateway: TestGateway;
let producer: RecordProducer;
let mainAccountId: string;
let subAccountId: string;

beforeAll(async () => {
  gateway = await TestGateway.start();
  producer = new RecordProducer(gateway.kafka);
  mainAccountId = await gateway.mainAccount();
  subAccountId = await gateway.subAccount(mainAccountId, 'Sales1');
});
afterAll(async () => {
  await producer?.close();
  await gateway?.stop();
});

const send = (...events: Parameters<typeof messageRecord>[0][]) => producer.send(events.map(messageRecord));
const of = () => ({ mainAccountId, subAccountId });
const sentWith = (more: object = {}) => messageSent({ ...of(), messageId: newMessageId(), ...more });

async function find(messageId: string) {
  const { body } = await gateway.call(
    'GET',
    `/v1/main-accounts/${mainAccountId}/messages?messageId=${messageId}`,
  );
  return body.items[0];
}
const eventuallyFind = (messageId: string, fields: object) =>
  eventually(async () => {
    expect(await find(messageId)).toMatchObject(fields);
    return true;
  });
/** A record that comes last: when it is there, so is everything before it. */
async function settled(): Promise<void> {
  const last = sentWith();
  await send(last);
  await eventuallyFind(last.data.messageId, {});
}

/** The record as it lies in the topic. */
async function recordOf(eventId: string): Promise<KafkaRecord> {
  const reader = await TopicReader.open(gateway.kafka, TOPICS.messages);
  try {
    return await eventually(() => {
      const found = reader.records
        .filter((record) => String(record.value).includes(`"id":"${eventId}"`))
        .at(-1);
      if (!found) throw new Error('not there yet');
      return found;
    });
  } finally {
    await reader.close();
  }
}
const refuse = async (eventId: string, reason: string) =>
  producer.send([
    toDeadLetter(await recordOf(eventId), reason, 'as the ledger does', TOPICS.deadLetters, SEAL),
  ]);

test('a message, its statuses in any order and its refunds', async () => {
  const message = sentWith({ points: '2.5', content: 'こんにちは 🎉' });
  const { messageId } = message.data;
  const status = (name: (typeof MESSAGE_STATUSES)[number], at: string, more: object = {}) =>
    messageStatus({ ...of(), messageId, status: name, at, ...more });
  await send(
    status(COMPLETE, '2026-11-23T09:00:05Z', { shortlinkUrl: 'https://s.example/a' }),
    message,
    status(PASSED, '2026-11-23T09:00:09Z'),
    status(COMPLETE, '2026-11-23T09:00:05Z'),
    message,
    messageRefunded({ ...of(), messageId, points: '1' }, { id: `${messageId}-r1` }),
    messageRefunded({ ...of(), messageId, points: '1' }, { id: `${messageId}-r1` }),
    messageRefunded({ ...of(), messageId, points: '9' }, { id: `${messageId}-r2` }),
  );
  await eventuallyFind(messageId, {
    messageId,
    subAccountId,
    subAccount: 'Sales1',
    content: 'こんにちは 🎉',
    status: COMPLETE,
    statusUpdatedAt: '2026-11-23T09:00:05.000Z',
    deliveryEndedAt: '2026-11-23T09:00:05.000Z',
    shortlinkUrl: 'https://s.example/a',
    points: '2.5',
    refunded: '2.5',
    usedPoints: '0',
  });
  await send(status(FAILED, '2026-11-23T09:00:07Z'));
  await eventuallyFind(messageId, { status: FAILED, deliveryEndedAt: '2026-11-23T09:00:05.000Z' });
});

test('an id of another month is the same message', async () => {
  const sentAt = new Date(Date.now() - 300 * 86_400_000).toISOString();
  const message = sentWith({ sentAt });
  const later = { ...message.data, sentAt: new Date().toISOString() };
  await send(message, messageSent(later, { id: message.id }));
  await settled();
  expect(await find(message.data.messageId)).toMatchObject({ sentAt });
});

test('what cannot be read stops nothing; a bad status is dead-lettered', async () => {
  const good = sentWith();
  const raw = (value: string): OutgoingRecord => ({ topic: TOPICS.messages, key: mainAccountId, value });
  const bad = messageStatus({ ...of(), messageId: good.data.messageId });
  await producer.send([
    raw('{"not json'),
    raw('null'),
    raw(JSON.stringify({ ...good, data: { ...good.data, points: 1 } })),
    raw(JSON.stringify({ ...bad, data: { ...bad.data, status: 'MESSAGE_EATEN' } })),
    { ...messageRecord(good), key: 'ma_other' },
  ]);
  const ahead = sentWith({ sentAt: new Date(Date.now() + 25 * 3_600_000).toISOString() });
  const ancient = sentWith({ sentAt: '0000-01-01T00:00:00Z' });
  await send(ahead, ancient);
  await settled();
  expect(await find(good.data.messageId)).toBeUndefined();
  expect(await find(ahead.data.messageId)).toBeUndefined();
  expect(await find(ancient.data.messageId)).toBeUndefined();
  const deadLetters = await TopicReader.open(gateway.kafka, TOPICS.deadLetters);
  try {
    await eventually(() => deadLetters.records.length === 1);
    expect(deadLetters.records[0]?.headers['dead-letter-reason']).toBe('invalid-data');
  } finally {
    await deadLetters.close();
  }
});

describe('what the ledger refuses', () => {
  test('leaves the log; its statuses wait for it to come again', async () => {
    const message = sentWith({ points: '7' });
    const { messageId } = message.data;
    await send(message, messageStatus({ ...of(), messageId, status: FAILED }));
    await eventuallyFind(messageId, { status: FAILED });
    await refuse(message.id, 'unknown-sub-account');
    await eventually(async () => (await find(messageId)) === undefined);
    await send(message);
    await eventuallyFind(messageId, { status: FAILED, points: '7' });
  });

  test('stays while a later record of it is not refused', async () => {
    const message = sentWith();
    await send(message);
    const first = await recordOf(message.id);
    await send(message);
    await settled();
    await producer.send([toDeadLetter(first, 'unknown-sub-account', '', TOPICS.deadLetters, SEAL)]);
    const other = sentWith();
    await send(other);
    await eventuallyFind(other.data.messageId, {});
    await refuse(other.id, 'unprocessable');
    await eventually(async () => (await find(other.data.messageId)) === undefined);
    expect(await find(message.data.messageId)).toBeDefined();
  });

  test('a refused refund gives its points back to the rest', async () => {
    const message = sentWith({ points: '10' });
    const { messageId } = message.data;
    const refund = (id: string, points: string) =>
      messageRefunded({ ...of(), messageId, points }, { id: `${messageId}-${id}` });
    const early = refund('early', '8');
    await send(early, message, refund('late', '4'));
    await eventuallyFind(messageId, { refunded: '10' });
    await refuse(early.id, 'unknown-message');
    await eventuallyFind(messageId, { refunded: '4', usedPoints: '6' });
  });

  test('a refusal that the log reads before the record itself', async () => {
    const message = sentWith();
    const partition = (await recordOf((await sendOne()).id)).partition;
    const next = (await recordOf((await sendOne()).id)).offset + 1n;
    const { client } = gateway.database;
    // The record's broker time is only known to the broker: any within a minute will do.
    await client.query(
      `INSERT INTO gateway.message_refused (source_partition, source_offset, source_at)
        SELECT $1, $2, to_timestamp((($3::float8 + n) / 1000)) FROM generate_series(-1000, 30000) AS n`,
      [partition, String(next), Date.now()],
    );
    await send(message);
    await settled();
    expect(await find(message.data.messageId)).toBeUndefined();
  });
  async function sendOne() {
    const one = sentWith();
    await send(one);
    return one;
  }
});

test('the sums agree with the log', async () => {
  await settled();
  const { rows } = await gateway.database.client.query(`
    SELECT (SELECT row(count(*), sum(millipoints), sum(refunded))::text FROM gateway.message_log) AS log,
      (SELECT row(sum(messages), sum(millipoints), sum(refunded))::text FROM gateway.message_usage) AS sums,
      (SELECT count(*) FROM gateway.message_key) AS keys, (SELECT count(*) FROM gateway.message_log) AS messages`);
  expect(rows[0].sums).toBe(rows[0].log);
  expect(rows[0].keys).toBe(rows[0].messages);
});
