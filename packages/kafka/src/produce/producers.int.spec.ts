import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, noise, TcpProxy } from '@subledger/testing-base';
import { collect, createTopics, testConfig } from '../broker.fixture.js';
import type { KafkaConfig, KafkaRecord } from '../config.js';
import { BatchConsumer } from '../consume/batch-consumer.js';
import { FencedError, KafkaRejectedError, KafkaUnavailableError, PartitionCountError } from '../errors.js';
import { partitionFor } from '../murmur2.js';
import { deleteTopics, ensureTopics } from '../topics/topics.js';
import { DeadLetterSeal } from './dead-letter-seal.js';
import { DeadLetterWriter, parseDeadLetter } from './dead-letters.js';
import { RecordProducer } from './record-producer.js';
import { TransactionalPublisher, type TransactionalPublisherOptions } from './transactional-publisher.js';

let config: KafkaConfig;
let removeTopics: () => Promise<void>;
let closers: { close(): Promise<void> }[];

beforeEach(async () => {
  config = testConfig();
  closers = [];
  removeTopics = await createTopics(config, { a: 4, deadletters: 1 });
});
afterEach(async () => {
  for (const closer of closers) await closer.close();
  await removeTopics();
});

function opened<T extends { close(): Promise<void> }>(closer: T): T {
  closers.push(closer);
  return closer;
}
/** All records of a topic, once there are `count`; waits for more are the test's own business. */
async function readAll(topic: string, count: number): Promise<KafkaRecord[]> {
  const { consumer, records } = collect(config, {
    groupId: `${config.topicPrefix}reader`,
    topics: [topic],
    commit: 'manual',
  });
  await consumer.start();
  await eventually(() => records.length >= count, { what: `${count} records` });
  await consumer.stop();
  return records;
}
function value(record: KafkaRecord): string {
  return String(record.value);
}

describe('RecordProducer', () => {
  test('writes keys to the partitions Java would choose, with headers, in order', async () => {
    const producer = opened(new RecordProducer(config));
    await producer.connect();
    expect(producer.connected).toBe(true);
    await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        producer.send([{ topic: 'a', key: `main-${i % 7}`, value: String(i), headers: { n: String(i) } }]),
      ),
    );
    const records = await readAll('a', 500);
    expect(records).toHaveLength(500);
    const last = new Map<string, number>();
    for (const record of records) {
      expect(record.partition).toBe(partitionFor(record.key!, 4));
      expect(record.headers).toEqual({ n: value(record) });
      expect(Number(value(record))).toBeGreaterThan(last.get(record.key!) ?? -1);
      last.set(record.key!, Number(value(record)));
    }
  });

  test('survives a broker that is away for seconds: nothing is lost, order is kept', async () => {
    const wire = await TcpProxy.start();
    const producer = opened(new RecordProducer({ ...config, dial: wire.dial }));
    await producer.connect();
    const sends: Promise<void>[] = [];
    const send = () =>
      sends.push(producer.send([{ topic: 'a', partition: 0, key: null, value: String(sends.length) }]));
    for (let i = 0; i < 50; i += 1) send();
    await Promise.all(sends);
    wire.cut();
    for (let i = 0; i < 50; i += 1) send();
    await eventually(() => !producer.connected, { what: 'noticed' });
    const end = Date.now() + 2_000;
    await eventually(() => Date.now() > end, { what: 'some seconds of outage' });
    wire.restore();
    for (let i = 0; i < 50; i += 1) send();
    await Promise.all(sends);
    expect(producer.connected).toBe(true);
    const values = (await readAll('a', 150)).map(value);
    expect(firstWebhookEvents(values)).toEqual(Array.from({ length: 150 }, (_, i) => String(i)));
    await producer.close();
    await wire.close();
  });

  test('a lost answer may double a record, never lose one', async () => {
    const wire = await TcpProxy.start();
    const producer = opened(new RecordProducer({ ...config, dial: wire.dial }));
    for (let i = 0; i < 60; i += 1) {
      if (i % 10 === 5) wire.loseAnswers(1);
      await producer.send([{ topic: 'a', partition: 0, key: null, value: String(i) }]);
    }
    expect(wire.lost).toBe(6);
    const values = (await readAll('a', 60)).map(value);
    expect(firstWebhookEvents(values)).toEqual(Array.from({ length: 60 }, (_, i) => String(i)));
    await producer.close();
    await wire.close();
  });

  test('gives up after the time-out with an error', async () => {
    const wire = await TcpProxy.start();
    const producer = opened(new RecordProducer({ ...config, dial: wire.dial }, { deliveryTimeoutMs: 1_500 }));
    await producer.connect();
    wire.cut();
    await expect(producer.send([{ topic: 'a', key: 'k', value: 'v' }])).rejects.toThrow(
      KafkaUnavailableError,
    );
    wire.restore();
    await producer.send([{ topic: 'a', key: 'k', value: 'after' }]);
    expect((await readAll('a', 1)).map(value)).toContain('after');
    await producer.close();
    await wire.close();
  });

  test('a refused record fails its own send only', async () => {
    const producer = opened(new RecordProducer(config));
    const sends = [
      producer.send([{ topic: 'a', partition: 0, key: null, value: 'before' }]),
      producer.send([{ topic: 'a', partition: 0, key: null, value: noise(1_100_000) }]),
      producer.send([{ topic: 'a', partition: 0, key: null, value: 'after' }]),
    ];
    const outcomes = await Promise.allSettled(sends);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toBeInstanceOf(KafkaRejectedError);
    expect((await readAll('a', 2)).map(value)).toEqual(['before', 'after']);
  });

  test('a topic that does not exist fails its own send only, and is not created', async () => {
    const producer = opened(new RecordProducer(config));
    const outcomes = await Promise.allSettled([
      producer.send([{ topic: 'a', key: 'k', value: 'good' }]),
      producer.send([{ topic: 'missing', key: 'k', value: 'x' }]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((outcomes[1] as PromiseRejectedResult).reason).toBeInstanceOf(KafkaUnavailableError);
    expect((await readAll('a', 1)).map(value)).toEqual(['good']);
    expect(await ensureTopics(config, [{ name: 'missing', partitions: 1, config: {} }])).toMatchObject({
      created: ['missing'],
    });
    await deleteTopics(config, ['missing']);
  });

  test('close sends what was handed over', async () => {
    const producer = new RecordProducer(config);
    const sent = producer.send([{ topic: 'a', key: 'k', value: 'last' }]);
    await producer.close();
    await sent;
    await expect(producer.send([{ topic: 'a', key: 'k', value: 'late' }])).rejects.toThrow('closed');
    expect((await readAll('a', 1)).map(value)).toEqual(['last']);
  });
});

const FENCES = { fences: [{ topic: 'a', partitions: [0, 1, 2, 3] }] };
const MODES: [string, TransactionalPublisherOptions][] = [
  ['in transactions', {}],
  ['outside of transactions', FENCES],
];

describe('TransactionalPublisher', () => {
  test.each(MODES)(
    'publishes sets %s; a second owner fences the first, which publishes nothing more',
    async (_, options) => {
      const first = opened(new TransactionalPublisher(config, 'lane-0', options));
      const second = opened(new TransactionalPublisher(config, 'lane-0', options));
      const other = opened(new TransactionalPublisher(config, 'lane-1', options));
      await Promise.all([first.open(), other.open()]);
      await first.publish(
        [0, 1, 2].map((i) => ({ topic: 'a', partition: i, key: null, value: `first-${i}` })),
      );
      await second.open();
      await expect(first.publish([{ topic: 'a', key: 'k', value: 'stale' }])).rejects.toThrow(FencedError);
      await expect(first.publish([{ topic: 'a', key: 'k', value: 'stale' }])).rejects.toThrow(FencedError);
      await second.publish([{ topic: 'a', key: 'k', value: 'second' }]);
      await other.publish([{ topic: 'a', key: 'k', value: 'other' }]);
      const values = (await readAll('a', 5)).map(value).toSorted();
      expect(values).toEqual(['first-0', 'first-1', 'first-2', 'other', 'second']);
      // The lease may turn out to be the first one's after all: it can take it back, knowingly.
      await first.open();
      await first.publish([{ topic: 'a', key: 'k', value: 'again' }]);
      await expect(second.publish([{ topic: 'a', key: 'k', value: 'x' }])).rejects.toThrow(FencedError);
    },
  );

  test('a refused set is not seen in part, nor holds up readers; after open it works again', async () => {
    const publisher = opened(new TransactionalPublisher(config, 'lane-0'));
    await expect(publisher.publish([{ topic: 'a', key: 'k', value: 'x' }])).rejects.toThrow('not open');
    await publisher.open();
    const set = [
      { topic: 'a', partition: 0, key: null, value: 'part' },
      { topic: 'a', partition: 0, key: null, value: noise(1_100_000) },
    ];
    await expect(publisher.publish(set)).rejects.toThrow(KafkaRejectedError);
    expect(publisher.isOpen).toBe(false);
    await expect(publisher.publish([{ topic: 'a', key: 'k', value: 'x' }])).rejects.toThrow(
      KafkaUnavailableError,
    );
    await publisher.open();
    await publisher.publish([{ topic: 'a', partition: 0, key: null, value: 'whole' }]);
    expect((await readAll('a', 1)).map(value)).toEqual(['whole']);
  });

  test.each(MODES)(
    'lost answers, sets %s: whatever it reports as published is there once',
    async (_, options) => {
      const wire = await TcpProxy.start();
      const publisher = opened(new TransactionalPublisher({ ...config, dial: wire.dial }, 'lane-0', options));
      await publisher.open();
      const published: string[] = [];
      const unknown: string[] = [];
      for (let i = 0; i < 40; i += 1) {
        if (i % 8 === 3) wire.loseAnswers(1 + (i % 3));
        try {
          await publisher.publish([{ topic: 'a', partition: 0, key: null, value: String(i) }]);
          published.push(String(i));
        } catch (error) {
          expect(error).toBeInstanceOf(KafkaUnavailableError);
          unknown.push(String(i));
          wire.loseAnswers(0);
          await publisher.open();
        }
      }
      expect(wire.lost).toBeGreaterThanOrEqual(5);
      const values = (await readAll('a', published.length)).map(value);
      expect(new Set(values).size).toBe(values.length);
      expect(published.filter((one) => !values.includes(one))).toEqual([]);
      expect(values.filter((one) => !published.includes(one) && !unknown.includes(one))).toEqual([]);
      await publisher.close();
      await wire.close();
    },
  );

  test('a fenced owner writes to no partition of the fences, also where the new owner has written nothing', async () => {
    const fences = [{ topic: 'a', partitions: [0, 1, 2, 3] }];
    const first = opened(new TransactionalPublisher(config, 'lane-0', { fences }));
    const second = opened(new TransactionalPublisher(config, 'lane-0', { fences }));
    await first.open();
    await first.publish(
      [0, 1, 2, 3].map((i) => ({ topic: 'a', partition: i, key: null, value: `first-${i}` })),
    );
    await second.open();
    await expect(first.publish([{ topic: 'a', partition: 3, key: null, value: 'stale' }])).rejects.toThrow(
      FencedError,
    );
    await second.publish([{ topic: 'a', partition: 0, key: null, value: 'second' }]);
    const values = (await readAll('a', 5)).map(value).toSorted();
    expect(values).toEqual(['first-0', 'first-1', 'first-2', 'first-3', 'second']);
  });

  test('a topic on demand is fenced by the next open; a topic outside of the fences is refused', async () => {
    const fences = [
      { topic: 'a', partitions: [0, 1, 2, 3] },
      { topic: 'deadletters', partitions: [0], onDemand: true },
    ];
    const publisher = opened(new TransactionalPublisher(config, 'lane-0', { fences }));
    await publisher.open();
    const record = { topic: 'deadletters', key: 'k', value: 'x' };
    await expect(publisher.publish([record])).rejects.toThrow(KafkaUnavailableError);
    await publisher.open();
    await publisher.publish([record]);
    expect((await readAll('deadletters', 1)).map(value)).toEqual(['x']);
    await expect(publisher.publish([{ topic: 'b', key: 'k', value: 'x' }])).rejects.toThrow(
      'does not write to b',
    );
  });

  test('readers pass the fences of owner after owner', async () => {
    const fences = [{ topic: 'a', partitions: [0, 1, 2, 3] }];
    const { consumer, records } = collect(config, { groupId: `${config.topicPrefix}r`, topics: ['a'] });
    await consumer.start();
    for (let owner = 0; owner < 4; owner += 1) {
      const publisher = opened(new TransactionalPublisher(config, 'lane-0', { fences }));
      await publisher.open();
      await publisher.publish([{ topic: 'a', partition: owner, key: null, value: String(owner) }]);
      await eventually(() => records.length > owner, { what: `record ${owner}` });
    }
    await consumer.stop();
    const ends = new BatchConsumer(config, {
      groupId: `${config.topicPrefix}ends`,
      topics: ['a'],
      fromBeginning: true,
      commit: 'manual',
      onBatch: () => {},
    });
    const { high } = await ends.logRange('a', 2);
    await ends.stop();
    const lanes = Array.from({ length: 8 }, (_, lane) =>
      opened(new TransactionalPublisher(config, `lane-${lane}`, { fences })),
    );
    await Promise.all(lanes.map((lane) => lane.open()));
    for (let i = 0; i < 5; i += 1) {
      await lanes[1]?.publish([{ topic: 'a', partition: 2, key: null, value: `last ${i}` }]);
    }
    // One that begins at the fences themselves: at offsets whose records it never sees.
    const late = collect(config, {
      groupId: `${config.topicPrefix}late`,
      topics: ['a'],
      commit: 'manual',
      onAssigned: async () => new Map([['a:2', high]]),
    });
    await late.consumer.start();
    await eventually(() => late.values().includes('last 4'), { what: 'the last record' });
    await late.consumer.stop();
  });
});

describe('topics', () => {
  test('creates, alters drift only, keeps foreign settings, and refuses another partition count', async () => {
    const compact = {
      name: 'limits',
      partitions: 2,
      replicationFactor: 1,
      config: { 'cleanup.policy': 'compact' },
    };
    expect(await ensureTopics(config, [compact])).toEqual({ created: ['limits'], altered: [] });
    expect(await ensureTopics(config, [compact])).toEqual({ created: [], altered: [] });
    const retained = { ...compact, config: { 'retention.ms': '3600000' } };
    expect(await ensureTopics(config, [retained])).toEqual({ created: [], altered: ['limits'] });
    // Had the old setting been reset, it would now count as drift.
    expect(
      await ensureTopics(config, [{ ...compact, config: { ...compact.config, ...retained.config } }]),
    ).toEqual({
      created: [],
      altered: [],
    });
    await expect(ensureTopics(config, [{ ...compact, partitions: 3 }])).rejects.toThrow(PartitionCountError);
    await deleteTopics(config, ['limits', 'never-there']);
  });
});

describe('DeadLetterWriter', () => {
  test('puts a record away with its source', async () => {
    const producer = opened(new RecordProducer(config));
    await producer.send([
      { topic: 'a', key: 'ma_1', value: '{"type":', headers: { traceparent: '00-a-b-01' } },
    ]);
    const [bad] = await readAll('a', 1);
    const seal = new DeadLetterSeal('a key of this suite');
    await new DeadLetterWriter(producer, 'deadletters', seal).write(
      bad!,
      'invalid-json',
      'Unexpected end of JSON input',
    );
    const [stored] = await readAll('deadletters', 1);
    expect(stored).toMatchObject({
      key: 'ma_1',
      headers: { 'dead-letter-reason': 'invalid-json', traceparent: '00-a-b-01' },
    });
    expect(parseDeadLetter(stored!, seal)).toMatchObject({
      source: { topic: 'a', partition: bad!.partition, offset: 0n },
      value: Buffer.from('{"type":'),
    });
  });
});

function firstWebhookEvents(values: string[]): string[] {
  return [...new Set(values)];
}
