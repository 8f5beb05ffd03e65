import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MESSAGES, TOPICS, topicSettings } from '@subledger/contracts';
import { deleteTopics, ensureTopics, type KafkaConfig, RecordProducer } from '@subledger/kafka';
import { eventually, jsonOf, TopicReader } from '@subledger/testing';
import { SmsSimulator } from './sms-simulator.js';

const MAIN = 'ma_simulated';
const SUB = 'sa_simulated';
const limit = (given: object) => ({
  topic: TOPICS.limits,
  key: SUB,
  value: JSON.stringify({
    subAccountId: SUB,
    mainAccountId: MAIN,
    status: 'active',
    period: '2026-11',
    limit: '10',
    boost: '0',
    granted: '10',
    used: '0',
    held: '0',
    remaining: '10',
    generation: 1,
    sequence: 1,
    position: null,
    ...given,
  }),
});
interface Fact {
  type: string;
  data: { messageId: string; points?: string; status?: string; sentAt?: string };
}
const twice = (name: string) => [name, name];

describe('SmsSimulator', () => {
  const kafka: KafkaConfig = {
    brokers: (process.env.TEST_KAFKA_BROKERS ?? '').split(','),
    clientId: 'sms-simulator-test',
    topicPrefix: `sim${randomBytes(4).toString('hex')}.`,
  };
  const names = [TOPICS.limits, TOPICS.profiles, TOPICS.messages];
  const producer = new RecordProducer(kafka);
  let simulator: SmsSimulator | undefined;
  let reader: TopicReader;

  beforeAll(async () => {
    const topics = topicSettings(3).filter(({ name }) => (names as string[]).includes(name));
    await ensureTopics(
      kafka,
      topics.map(({ name, partitions, config }) => ({ name, partitions, config, replicationFactor: 1 })),
    );
    reader = await TopicReader.open(kafka, TOPICS.messages);
  });
  afterEach(() => simulator?.stop());
  afterAll(async () => {
    await reader.close();
    await producer.close();
    await deleteTopics(kafka, names);
  });

  it('sends within the remaining points, then stops; every report fits the contract', async () => {
    await producer.send([limit({})]);
    const options = { ratePerSecond: 200, pricesInPoints: ['1'], deliveryMs: { min: 5, max: 20 }, seed: 1 };
    simulator = new SmsSimulator({ kafka, ...options });
    await simulator.start();
    await eventually(() => (simulator?.counts.blocked ?? 0) > 20);
    await simulator.drain();
    expect(simulator.counts.sent).toBe(10);
    const ends = () => simulator?.counts;
    expect((ends()?.delivered ?? 0) + (ends()?.failed ?? 0) + (ends()?.expired ?? 0)).toBe(10);
    await reader.waitUntil(() => reader.records.length >= 30);
    for (const record of reader.records) {
      const fact = jsonOf<Fact>(record);
      expect(MESSAGES.get(fact.type)?.schema.safeParse(fact).error).toBeUndefined();
      expect(record.key).toBe(MAIN);
    }
    // The message comes before its statuses: same key, one producer.
    const firstOf = new Map<string, string>();
    for (const { type, data } of reader.records.map((one) => jsonOf<Fact>(one)))
      if (!firstOf.has(data.messageId)) firstOf.set(data.messageId, type);
    expect([...new Set(firstOf.values())]).toEqual(['subledger.message.sent.v1']);
  });

  it('misbehaves on command', async () => {
    await producer.send([limit({ sequence: 1, generation: 2 })]);
    const before = reader.records.length;
    const misbehaviour = { duplicates: 1, disordered: 1, closedPeriods: 1 };
    const options = { deliveryMs: { min: 1, max: 5 }, shares: { failed: 1, expired: 0, refunded: 1 } };
    simulator = new SmsSimulator({ kafka, ratePerSecond: 0, misbehaviour, ...options, seed: 3 });
    await simulator.start();
    await simulator.burst({ mainAccountId: MAIN, subAccountId: SUB, points: '1' }, 30);
    await simulator.drain();
    expect(simulator.counts).toMatchObject({ sent: 30, failed: 30, refunded: 30 });
    await reader.waitUntil(() => reader.records.length >= before + 30 * 4 * 2);
    const facts = reader.records.slice(before).map((one) => jsonOf<Fact>(one));
    const first = facts.filter(({ data }) => data.messageId === facts[0]?.data.messageId);
    expect(first.map(({ type, data }) => data.status ?? type)).toEqual([
      ...twice('MESSAGE_DELIVERY_FAILED'),
      ...twice('MESSAGE_PASSED_TO_CARRIER_FOR_DELIVERY'),
      ...twice('subledger.message.sent.v1'),
      ...twice('subledger.message.refunded.v1'),
    ]);
    const month = new Date().toISOString().slice(0, 7);
    for (const { data } of facts) if (data.sentAt) expect(data.sentAt.slice(0, 7) < month).toBe(true);
  });

  it('sends beyond the limit on request, but not for an inactive sub-account', async () => {
    const paused = limit({ generation: 3, sequence: 2, status: 'paused' });
    await producer.send([paused]);
    simulator = new SmsSimulator({ kafka, ratePerSecond: 200, way: 'blind', pricesInPoints: ['1'] });
    await simulator.start();
    await eventually(() => simulator?.feed.get(SUB)?.sequence === 2);
    const sentPaused = simulator.counts.sent;
    await producer.send([limit({ generation: 3, sequence: 3 })]);
    await eventually(() => (simulator?.counts.sent ?? 0) > sentPaused + 15);
  });
});
