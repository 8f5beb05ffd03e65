import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { eventually } from '@subledger/testing-base';
import { collect, createTopics, testConfig } from '../broker.fixture.js';
import { type KafkaConfig, partitionKey, type TopicPartition } from '../config.js';
import { createClient } from '../kafkajs/client.js';
import { RecordProducer } from '../produce/record-producer.js';
import { TransactionalPublisher } from '../produce/transactional-publisher.js';
import type { BatchConsumer } from './batch-consumer.js';
import { GroupSession } from './group-session.js';

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
function keys(partitions: TopicPartition[]): string[] {
  return partitions.map(({ topic, partition }) => partitionKey(topic, partition)).toSorted();
}

describe('assignment', () => {
  test('partition i of both topics goes to one member; staying members keep their partitions; leaving ones give them back', async () => {
    const announced: Record<string, string[]> = { one: [], two: [] };
    const join = (name: string) =>
      consume({
        groupId: `${config.topicPrefix}g`,
        topics: ['a', 'b'],
        coPartitioned: true,
        onAssigned: async (gained) => {
          announced[name]!.push(`+${keys(gained).join(' ')}`);
        },
        onRevoked: async (lost) => {
          announced[name]!.push(`-${keys(lost).join(' ')}`);
        },
      }).consumer;
    const one = join('one');
    await one.start();
    expect(one.assignment).toHaveLength(2 * PARTITIONS);
    const two = join('two');
    await two.start();
    await eventually(() => one.assignment.length === 4 && two.assignment.length === 4, {
      what: 'both have half',
    });
    for (const { assignment } of [one, two]) {
      const of = (topic: string) =>
        assignment
          .filter((at) => at.topic === topic)
          .map((at) => at.partition)
          .toSorted();
      expect(of('a')).toEqual(of('b'));
    }
    expect([...keys(one.assignment), ...keys(two.assignment)].toSorted()).toHaveLength(2 * PARTITIONS);
    await eventually(() => announced.one!.length === 2, { what: 'the loss is announced' });
    // Only the difference is announced: what one kept was neither revoked nor assigned again.
    expect(announced.one).toEqual(['+a:0 a:1 a:2 a:3 b:0 b:1 b:2 b:3', '-a:2 a:3 b:2 b:3']);
    expect(announced.two).toEqual(['+a:2 a:3 b:2 b:3']);
    await one.stop();
    await eventually(() => two.assignment.length === 2 * PARTITIONS, { what: 'two has all' });
    await eventually(() => announced.two!.length === 2, { what: 'the gain is announced' });
    expect(announced.two![1]).toBe('+a:0 a:1 b:0 b:1');
    expect(announced.one![2]).toBe('-a:0 a:1 b:0 b:1');
  });

  test('a partition that is kept through a rebalance loses and repeats nothing', async () => {
    const groupId = `${config.topicPrefix}g`;
    const one = consume({ groupId, topics: ['a'], commit: 'manual' });
    await one.consumer.start();
    await write('a', 0, '0', '1', '2');
    await eventually(() => one.records.length === 3, { what: 'read' });
    const two = consume({ groupId, topics: ['a'], commit: 'manual' });
    await two.consumer.start();
    await eventually(() => one.consumer.assignment.length === 2, { what: 'split' });
    await write('a', 0, '3');
    await eventually(() => one.records.length >= 4, { what: 'read on' });
    // Nothing was committed: had the position been given up, all would have come again.
    expect([one.values(), two.values()]).toEqual([['0', '1', '2', '3'], []]);
  });

  test('starts at the offsets of onAssigned, delivering nothing before it has finished', async () => {
    await write('a', 0, ...'0123456789');
    await write('a', 1, ...'abc');
    let isReady = false;
    const early: string[] = [];
    let attempts = 0;
    const gate = Promise.withResolvers<void>();
    const { consumer, records, values } = consume({
      groupId: `${config.topicPrefix}g`,
      topics: ['a'],
      onAssigned: async () => {
        attempts += 1;
        if (attempts === 1) throw new Error('the database is away');
        await gate.promise;
        isReady = true;
        return new Map([['a:0', 7n]]);
      },
      onBatch: (batch) => {
        if (!isReady) early.push(batch.topic);
        records.push(...batch.records);
      },
    });
    const starting = consumer.start();
    await eventually(() => attempts === 2, { what: 'asked for offsets again' });
    const pollsBefore = consumer.lastPollAgeMs;
    await eventually(() => consumer.lastPollAgeMs < pollsBefore + 50, { what: 'fetches went by meanwhile' });
    expect(records).toEqual([]);
    gate.resolve();
    await starting;
    await eventually(() => records.length === 6, { what: 'read' });
    expect(early).toEqual([]);
    expect(values().toSorted()).toEqual(['7', '8', '9', 'a', 'b', 'c']);
    expect(records.find((record) => String(record.value) === '7')).toMatchObject({
      offset: 7n,
      partition: 0,
    });
  });
});

describe('delivery', () => {
  test('a failing batch is delivered again from the same offset while other partitions continue', async () => {
    const failures: bigint[] = [];
    let isBroken = true;
    const { consumer, records } = consume({
      groupId: `${config.topicPrefix}g`,
      topics: ['a'],
      onBatch: (batch) => {
        if (batch.partition === 0 && isBroken) {
          failures.push(batch.records[0]!.offset);
          throw new Error('boom');
        }
        records.push(...batch.records);
      },
    });
    await consumer.start();
    await write('a', 0, 'bad', 'behind');
    await eventually(() => failures.length > 0, { what: 'failed' });
    for (let i = 0; i < 20; i += 1) await write('a', 1, String(i));
    await eventually(() => records.length === 20, { what: 'others go on' });
    await eventually(() => failures.length >= 3, { what: 'tried again' });
    expect(new Set(failures)).toEqual(new Set([0n]));
    isBroken = false;
    await eventually(() => records.length === 22, { what: 'recovered' });
    expect(records.slice(20).map((record) => String(record.value))).toEqual(['bad', 'behind']);
    expect(consumer.state).toBe('running');
  });

  test('a handler that hangs longer than the session keeps its partition, and others continue', async () => {
    const gate = Promise.withResolvers<void>();
    const calls: number[] = [];
    const { consumer } = consume({
      groupId: `${config.topicPrefix}g`,
      topics: ['a'],
      sessionTimeoutMs: 6_000,
      onBatch: async (batch) => {
        calls.push(batch.partition);
        if (batch.partition === 0) await gate.promise;
      },
    });
    await consumer.start();
    await write('a', 0, 'slow');
    await eventually(() => calls.includes(0), { what: 'hangs' });
    await eventually(() => consumer.oldestHandlerMs > 7_000, { what: 'longer than the session' });
    await write('a', 1, 'quick');
    await eventually(() => calls.includes(1), { what: 'others go on' });
    gate.resolve();
    await eventually(() => consumer.oldestHandlerMs === 0, { what: 'done' });
    expect(calls.filter((partition) => partition === 0)).toHaveLength(1);
    expect(consumer.assignment).toHaveLength(PARTITIONS);
  });

  test('pause and resume; seek back and forth', async () => {
    const { consumer, values, records } = consume({ groupId: `${config.topicPrefix}g`, topics: ['a'] });
    await consumer.start();
    await write('a', 0, '0', '1');
    await eventually(() => records.length === 2, { what: 'read' });
    consumer.pause([{ topic: 'a', partition: 0 }]);
    await write('a', 0, '2', '3');
    await write('a', 1, 'other');
    await eventually(() => records.length === 3, { what: 'the other goes on' });
    expect(values()).toEqual(['0', '1', 'other']);
    consumer.resume([{ topic: 'a', partition: 0 }]);
    await eventually(() => records.length === 5, { what: 'resumed' });
    consumer.seek('a', 0, 1n);
    await eventually(() => records.length === 8, { what: 'again' });
    expect(values().slice(5)).toEqual(['1', '2', '3']);
  });

  test('commits processed offsets; a second consumer continues there', async () => {
    const groupId = `${config.topicPrefix}g`;
    await write('a', 0, '0', '1');
    const first = consume({ groupId, topics: ['a'] });
    await first.consumer.start();
    await eventually(() => first.records.length === 2, { what: 'read' });
    await first.consumer.stop();
    expect(first.consumer.state).toBe('stopped');
    await write('a', 0, '2');
    const second = consume({ groupId, topics: ['a'], commit: 'manual' });
    await second.consumer.start();
    await eventually(() => second.records.length === 1, { what: 'read on' });
    expect(second.values()).toEqual(['2']);
    await second.consumer.commit([{ topic: 'a', partition: 0, offset: 1n }]);
    await second.consumer.stop();
    const third = consume({ groupId, topics: ['a'] });
    await third.consumer.start();
    await eventually(() => third.records.length === 2, { what: 'from the committed offset' });
    expect(third.values()).toEqual(['1', '2']);
  });

  test('does not commit any more what it had left uncommitted of a partition that it lost', async () => {
    const groupId = `${config.topicPrefix}g`;
    const admin = createClient(config, {
      retries: 5,
      initialRetryTimeMs: 100,
      maxRetryTimeMs: 1_000,
    }).admin();
    await admin.connect();
    const committed = async (partition: number) => {
      const [topic] = await admin.fetchOffsets({ groupId, topics: [`${config.topicPrefix}a`] });
      return topic?.partitions.find((one) => one.partition === partition)?.offset;
    };
    // The commits of the first one fail until it has lost half of its partitions.
    const commit = GroupSession.prototype.commit;
    let first: GroupSession | undefined;
    let isRefused = true;
    const spy = jest.spyOn(GroupSession.prototype, 'commit').mockImplementation(function (
      this: GroupSession,
      offsets,
    ) {
      first ??= this;
      return this === first && isRefused
        ? Promise.reject(new Error('refused by the suite'))
        : commit.call(this, offsets);
    });
    try {
      const one = consume({ groupId, topics: ['a'] });
      await one.consumer.start();
      await write('a', 0, 'kept');
      await write('a', 3, 'lost');
      await eventually(() => one.records.length === 2, { what: 'one has read both' });
      const two = consume({ groupId, topics: ['a'] });
      await two.consumer.start();
      await eventually(() => two.consumer.assignment.length === 2, { what: 'two has half of it' });
      expect(keys(two.consumer.assignment)).toContain('a:3');
      await write('a', 3, 'new');
      await eventually(async () => (await committed(3)) === '2', {
        what: 'two has committed what both have read',
      });
      expect(await committed(0)).toBe('-1');
      isRefused = false;
      await eventually(async () => (await committed(0)) === '1', { what: 'one commits what it kept' });
      expect(await committed(3)).toBe('2');
    } finally {
      spy.mockRestore();
      await admin.disconnect();
    }
  });

  test('passes over transaction markers without losing its position', async () => {
    const publisher = new TransactionalPublisher(config, 'tx');
    await publisher.open();
    const { consumer, values, records } = consume({ groupId: `${config.topicPrefix}g`, topics: ['a'] });
    await consumer.start();
    consumer.seek('a', 0, 0n);
    for (let i = 0; i < 20; i += 1)
      await publisher.publish([{ topic: 'a', partition: 0, key: null, value: String(i) }]);
    await publisher.close();
    await eventually(() => records.length >= 20, { what: 'all' });
    expect(values()).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    expect((await consumer.logRange('a', 0)).high).toBe(40n);
  });
});
