import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { TOPICS } from '@subledger/contracts';
import { deleteTopics, ensureTopics, type KafkaConfig, TransactionalPublisher } from '@subledger/kafka';
import { partitionsBehind } from './registry-lag.js';

let kafka: KafkaConfig;
let publisher: TransactionalPublisher;

beforeAll(async () => {
  const brokers = process.env.TEST_KAFKA_BROKERS?.split(',') ?? [];
  kafka = { brokers, clientId: 'scheduler-test', topicPrefix: `t${randomUUID().slice(0, 8)}.` };
  await ensureTopics(kafka, [{ name: TOPICS.events, partitions: 2, config: {} }]);
  publisher = new TransactionalPublisher(kafka, `scheduler-test-${randomUUID()}`);
  await publisher.open();
});
afterAll(async () => {
  await publisher.close();
  await deleteTopics(kafka, [TOPICS.events]);
});

const at = (partition: number, nextOffset: bigint) => ({ topic: TOPICS.events, partition, nextOffset });
const publish = (partition: number) =>
  publisher.publish([{ topic: TOPICS.events, key: 'ma_1', value: '{}', partition }]);

it('distinguishes waiting records from the markers that end the ledger’s transactions', async () => {
  expect(await partitionsBehind(kafka, [at(0, 0n), at(1, 0n)])).toBe(0);
  await publish(0);
  await publish(0);
  // The log of partition 0 is now: record, marker, record, marker.
  expect(await partitionsBehind(kafka, [at(0, 0n), at(1, 0n)])).toBe(1);
  expect(await partitionsBehind(kafka, [at(0, 1n)])).toBe(1);
  expect(await partitionsBehind(kafka, [at(0, 3n), at(1, 0n)])).toBe(0);
  await publish(1);
  expect(await partitionsBehind(kafka, [at(0, 0n), at(1, 0n)])).toBe(2);
});
