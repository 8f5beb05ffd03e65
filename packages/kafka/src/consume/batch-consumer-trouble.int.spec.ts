import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, TcpProxy } from '@subledger/testing-base';
import { collect, createTopics, testConfig } from '../broker.fixture.js';
import { type KafkaConfig, partitionKey, type TopicPartition } from '../config.js';
import { LogReader } from '../follow/log-reader.js';
import { RecordProducer } from '../produce/record-producer.js';
import { TransactionalPublisher } from '../produce/transactional-publisher.js';
import type { BatchConsumer } from './batch-consumer.js';

const PARTITIONS = 4;
let config: KafkaConfig;
let producer: RecordProducer;
let removeTopics: () => Promise<void>;
let started: BatchConsumer[];

beforeEach(async () => {
  config = testConfig();
  started = [];
  removeTopics = await createTopics(config, { a: PARTITIONS, b: PARTITIONS });
  producer = new RecordProducer(config);
});
afterEach(async () => {
  await Promise.all(started.map((consumer) => consumer.stop()));
  await producer.close();
  await removeTopics();
});

function consume(options: Parameters<typeof collect>[1], on = config) {
  const made = collect(on, options);
  started.push(made.consumer);
  return made;
}
function write(topic: string, partition: number, ...values: string[]): Promise<void> {
  return producer.send(values.map((value) => ({ topic, partition, key: null, value })));
}
function _keys(partitions: TopicPartition[]): string[] {
  return partitions.map(({ topic, partition }) => partitionKey(topic, partition)).toSorted();
}

describe('trouble', () => {
  test('a normal life logs nothing above info', async () => {
    const lines: string[] = [];
    const loud = (_: object, message: string) => lines.push(message);
    const log = { debug: () => undefined, info: () => undefined, warn: loud, error: loud };
    const publisher = new TransactionalPublisher({ ...config, log }, 'tx');
    await publisher.open();
    const { consumer, records } = consume(
      { groupId: `${config.topicPrefix}g`, topics: ['a'] },
      { ...config, log },
    );
    await consumer.start();
    consumer.pause([{ topic: 'a', partition: 1 }]);
    await publisher.publish([{ topic: 'a', partition: 0, key: null, value: 'x' }]);
    await eventually(() => records.length === 1, { what: 'read' });
    await consumer.stop();
    await publisher.close();
    expect(lines).toEqual([]);
  });

  test('works if the topic is created later than the consumer', async () => {
    const { consumer, records } = consume({ groupId: `${config.topicPrefix}g`, topics: ['late'] });
    const starting = consumer.start();
    await eventually(() => consumer.state === 'crashed', { what: 'fails' });
    const removeLate = await createTopics(config, { late: 1 });
    await starting;
    await write('late', 0, 'x');
    await eventually(() => records.length === 1, { what: 'read' });
    await consumer.stop();
    await removeLate();
  });

  test('an offset outside the log is reported, and the partition held until a seek', async () => {
    await write('a', 0, '0', '1');
    const reported: TopicPartition[] = [];
    const { consumer, records, values } = consume({
      groupId: `${config.topicPrefix}g`,
      topics: ['a'],
      onAssigned: async () => new Map([['a:0', 500n]]),
      onOffsetOutOfRange: (at) => reported.push(at),
    });
    await consumer.start();
    await eventually(() => reported.length > 0, { what: 'reported' });
    await write('a', 1, 'other');
    await eventually(() => records.length === 1, { what: 'others go on' });
    expect(reported).toEqual([{ topic: 'a', partition: 0 }]);
    consumer.seek('a', 0, 1n);
    await eventually(() => records.length === 2, { what: 'goes on' });
    expect(values()).toEqual(['other', '1']);
  });

  test('without the callback it continues at the beginning', async () => {
    await write('a', 0, '0', '1');
    const { consumer, values, records } = consume({
      groupId: `${config.topicPrefix}g`,
      topics: ['a'],
      onAssigned: async () => new Map([['a:0', 500n]]),
    });
    await consumer.start();
    await eventually(() => records.length === 2, { what: 'goes on' });
    expect(values()).toEqual(['0', '1']);
  });

  test('survives an outage of the broker, however it crashes kafkajs', async () => {
    const wire = await TcpProxy.start();
    const crashes: Error[] = [];
    const { consumer, records, values } = consume(
      { groupId: `${config.topicPrefix}g`, topics: ['a'], onCrash: (error) => crashes.push(error) },
      { ...config, dial: wire.dial },
    );
    await consumer.start();
    await write('a', 0, '0');
    await eventually(() => records.length === 1, { what: 'read' });
    wire.cut();
    await eventually(() => consumer.state === 'crashed', { timeoutMs: 60_000, what: 'noticed' });
    expect(crashes.length).toBeGreaterThan(0);
    await write('a', 0, '1');
    wire.restore();
    await eventually(() => values().includes('1'), { timeoutMs: 60_000, what: 'back' });
    expect(consumer.state).toBe('running');
    await consumer.stop();
    await wire.close();
  });

  test('can be stopped while the broker is away', async () => {
    const wire = await TcpProxy.start();
    wire.cut();
    const { consumer } = consume(
      { groupId: `${config.topicPrefix}g`, topics: ['a'] },
      { ...config, dial: wire.dial },
    );
    const starting = consumer.start();
    await eventually(() => consumer.state === 'crashed', { what: 'fails to connect' });
    await consumer.stop();
    await expect(starting).rejects.toThrow('stopped');
    await wire.close();
  });

  test('LogReader gives the record at an offset, and null where there is none', async () => {
    await write('a', 2, 'x', 'y');
    const reader = new LogReader(config);
    const found = await reader.read('a', 2, 1n);
    expect([String(found?.value), found?.offset]).toEqual(['y', 1n]);
    expect(await reader.read('a', 2, 2n)).toBeNull();
    expect(await reader.read('a', 2, 99n)).toBeNull();
    await reader.close();
  });
});
