import { afterEach, beforeEach, test } from '@jest/globals';
import { eventually, TcpProxy } from '@subledger/testing-base';
import kafkajs from 'kafkajs';
import { collect, createTopics, testConfig } from '../broker.fixture.js';
import type { KafkaConfig } from '../config.js';
import { connectCluster } from '../kafkajs/inner-cluster.js';
import { RecordProducer } from '../produce/record-producer.js';
import type { BatchConsumer } from './batch-consumer.js';

const JOIN_GROUP = 11;
/** The API key is behind the request's size. */
const isJoinGroup = (bytes: Buffer) => bytes.length >= 6 && bytes.readInt16BE(4) === JOIN_GROUP;
let config: KafkaConfig;
let groupId: string;
let wire: TcpProxy;
let producer: RecordProducer;
let consumer: BatchConsumer | undefined;
let removeTopics: () => Promise<void>;

beforeEach(async () => {
  config = testConfig();
  groupId = `${config.topicPrefix}g`;
  wire = await TcpProxy.start();
  removeTopics = await createTopics(config, { a: 2 });
  producer = new RecordProducer(config);
});
afterEach(async () => {
  await consumer?.stop();
  await producer.close();
  await wire.close();
  await removeTopics();
});

/** As the group does with members that it has not heard of for a session. */
async function expel(): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: config.brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const { groups } = await admin.describeGroups([groupId]);
  await admin.disconnect();
  const cluster = (await connectCluster(config, {
    retries: 1,
    initialRetryTimeMs: 100,
    maxRetryTimeMs: 100,
  })) as unknown as {
    findGroupCoordinator(of: object): Promise<{ leaveGroup(member: object): Promise<void> }>;
    disconnect(): Promise<void>;
  };
  const coordinator = await cluster.findGroupCoordinator({ groupId });
  for (const { memberId } of groups[0]?.members ?? []) await coordinator.leaveGroup({ groupId, memberId });
  await cluster.disconnect();
}

test('a member that the group has forgotten, and whose next join fails, reads on', async () => {
  const made = collect({ ...config, dial: wire.dial }, { groupId, topics: ['a'] });
  consumer = made.consumer;
  await consumer.start();
  await producer.send([{ topic: 'a', key: null, partition: 0, value: '0' }]);
  await eventually(() => made.values().includes('0'), { what: 'read' });
  wire.breakAt(isJoinGroup, 1);
  await expel();
  await eventually(() => wire.lost === 1, { what: 'the join is lost' });
  await producer.send([{ topic: 'a', key: null, partition: 0, value: '1' }]);
  // Sooner than its silence would be noticed, see below.
  await eventually(() => made.values().includes('1'), { timeoutMs: 5_000, what: 'reads on' });
  consumer.assertReading();
}, 60_000);

test('a broker that answers nothing any more ends the session and readiness, and is read from when it answers', async () => {
  const made = collect({ ...config, dial: wire.dial }, { groupId, topics: ['a'] });
  consumer = made.consumer;
  await consumer.start();
  wire.stall();
  await eventually(() => isRefused(() => made.consumer.assertReading()), {
    timeoutMs: 8_000,
    what: 'not ready',
  });
  await eventually(() => made.consumer.state === 'crashed', { timeoutMs: 8_000, what: 'made anew' });
  await producer.send([{ topic: 'a', key: null, partition: 1, value: '1' }]);
  wire.restore();
  await eventually(() => made.values().includes('1'), { timeoutMs: 20_000, what: 'reads on' });
  consumer.assertReading();
}, 60_000);

function isRefused(check: () => void): boolean {
  try {
    check();
    return false;
  } catch {
    return true;
  }
}
