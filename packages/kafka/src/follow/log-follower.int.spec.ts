import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, TcpProxy } from '@subledger/testing-base';
import { createTopics, testConfig } from '../broker.fixture.js';
import type { KafkaConfig } from '../config.js';
import { GroupShare } from '../consume/group-share.js';
import { RecordProducer } from '../produce/record-producer.js';
import { TransactionalPublisher } from '../produce/transactional-publisher.js';
import { deleteRecords, ensureTopics } from '../topics/topics.js';
import { LogFollower, type LogFollowerOptions } from './log-follower.js';

let config: KafkaConfig;
let removeTopics: () => Promise<void>;
let closers: (() => Promise<unknown>)[];

beforeEach(async () => {
  config = testConfig();
  closers = [];
  removeTopics = await createTopics(config, { a: 3, b: 1 });
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  await removeTopics();
});

function opened<T extends { close(): Promise<unknown> }>(closer: T): T {
  closers.push(() => closer.close());
  return closer;
}
function follower(given: Partial<LogFollowerOptions> = {}, kafka = config) {
  const values: string[] = [];
  const made = new LogFollower(kafka, {
    topics: ['a', 'b'],
    onBatch: ({ records }) => values.push(...records.map(({ value }) => String(value))),
    onOutOfRange: ({ low }) => low,
    ...given,
  });
  return { follower: opened(made), values };
}
const numbered = (from: number, count: number, topic = 'b') =>
  Array.from({ length: count }, (_, n) => ({ topic, key: `k${n % 5}`, value: String(from + n) }));

describe('LogFollower', () => {
  test('reads existing and new records from the given offset, only of followed partitions', async () => {
    const producer = opened(new RecordProducer(config));
    await producer.send(numbered(0, 1_000));
    const { follower: reader, values } = follower({ maxBytesPerPartition: 4_000 });
    expect(await reader.partitionCount('a')).toBe(3);
    expect(reader.atEndSince('b')).toBe(Number.NEGATIVE_INFINITY);
    reader.follow('b', 0, 10n);
    await eventually(() => values.length === 990, { what: 'all' });
    await producer.send([...numbered(1_000, 5), { topic: 'a', key: 'x', value: 'not followed' }]);
    await eventually(() => values.length === 995, { what: 'what came' });
    expect(values).toEqual(Array.from({ length: 995 }, (_, n) => String(n + 10)));
    await eventually(() => reader.atEndSince('b') > 0, { what: 'the end' });
    expect([reader.position('b', 0), reader.lag('b'), reader.position('a', 0)]).toEqual([
      1_005n,
      0n,
      undefined,
    ]);
  });

  test('an empty topic is at its end at once; a position moves over transaction markers and aborted records', async () => {
    const { follower: reader, values } = follower();
    for (const partition of [0, 1, 2]) reader.follow('a', partition, 0n);
    await eventually(() => reader.atEndSince('a') > 0, { what: 'the end of nothing' });
    const publisher = opened(new TransactionalPublisher(config, `${config.topicPrefix}t`));
    await publisher.open();
    await publisher.publish([{ topic: 'a', partition: 0, key: 'x', value: 'kept' }]);
    await eventually(() => reader.position('a', 0) === 2n, { what: 'the marker' });
    expect(values).toEqual(['kept']);
    await eventually(() => reader.lag('a') === 0n, { what: 'the end' });
  });

  test('is handed a batch again after a handler threw', async () => {
    const producer = opened(new RecordProducer(config));
    await producer.send(numbered(0, 50));
    const values: string[] = [];
    let troubles = 2;
    const { follower: reader } = follower({
      onBatch: ({ records }) => {
        if (troubles-- > 0) throw new Error('trouble');
        values.push(...records.map(({ value }) => String(value)));
      },
    });
    reader.follow('b', 0, 0n);
    await eventually(() => values.length === 50, { what: 'all' });
    expect(values).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
  });

  test('survives cut connections: every record once, in order', async () => {
    const wire = await TcpProxy.start();
    closers.push(() => wire.close());
    const producer = opened(new RecordProducer(config));
    const { follower: reader, values } = follower({}, { ...config, dial: wire.dial });
    reader.follow('b', 0, 0n);
    for (let round = 0; round < 3; round += 1) {
      await producer.send(numbered(round * 100, 100));
      await eventually(() => values.length > round * 100, { what: 'some' });
      wire.cut();
      wire.restore();
    }
    await eventually(() => values.length === 300, { what: 'all' });
    expect(values).toEqual(Array.from({ length: 300 }, (_, n) => String(n)));
  });

  test('asks for the next offset if the log has lost the wanted one', async () => {
    const producer = opened(new RecordProducer(config));
    await producer.send(numbered(0, 20));
    await deleteRecords(config, 'b', 0, 15n);
    const { follower: reader, values } = follower();
    reader.follow('b', 0, 3n);
    await eventually(() => values.length === 5, { what: 'the rest' });
    expect(values[0]).toBe('15');
  });

  test('reads a compacted topic to its end, over the holes', async () => {
    await ensureTopics(config, [
      {
        name: 'a',
        partitions: 3,
        config: {
          'cleanup.policy': 'compact',
          'segment.ms': '100',
          'min.cleanable.dirty.ratio': '0.0001',
          'max.compaction.lag.ms': '100',
        },
      },
    ]);
    const producer = opened(new RecordProducer(config));
    const one = (value: string) => ({ topic: 'a', partition: 0, key: 'same', value });
    for (let n = 0; n < 50; n += 1) await producer.send([one(`first ${n}`), one(`second ${n}`)]);
    const { follower: reader, values } = follower();
    reader.follow('a', 0, 0n);
    await eventually(() => reader.position('a', 0) === 100n, { what: 'the end' });
    expect(values.at(-1)).toBe('second 49');
  });
});

describe('RecordProducer.sendAndLocate', () => {
  test('returns the position of each record, and whether it may be there twice', async () => {
    const wire = await TcpProxy.start();
    closers.push(() => wire.close());
    const producer = opened(new RecordProducer({ ...config, dial: wire.dial }));
    await producer.send(numbered(0, 3));
    const same = { topic: 'b', key: 'x', value: 'same' };
    const [sent, more] = await Promise.all([
      producer.sendAndLocate([same, same]),
      producer.sendAndLocate(numbered(5, 1)),
    ]);
    expect([...sent, ...more]).toEqual(
      [3n, 4n, 5n].map((offset) => ({ partition: 0, offset, repeated: false })),
    );
    wire.loseAnswers(1);
    const [again] = await producer.sendAndLocate([same]);
    expect(again).toMatchObject({ repeated: true });
    expect(again!.offset).toBeGreaterThanOrEqual(6n);
  });
});

describe('GroupShare', () => {
  test('shares the partitions; a member hands over before the next one has them', async () => {
    const owners = new Map<number, Set<string>>();
    const log: string[] = [];
    const member = (name: string) => {
      const share = new GroupShare(config, {
        groupId: `${config.topicPrefix}g`,
        topic: 'a',
        sessionTimeoutMs: 6_000,
        onGained: (partitions) => {
          for (const partition of partitions) {
            log.push(`${name} gains ${partition}`);
            owners.set(partition, (owners.get(partition) ?? new Set()).add(name));
          }
        },
        onLost: (partitions) => {
          for (const partition of partitions) owners.get(partition)?.delete(name);
        },
        beforeRejoin: async () => {
          log.push(`${name} hands over`);
        },
      });
      closers.push(() => share.stop());
      return share;
    };
    const first = member('first');
    await first.start();
    expect([first.isConfirmed, owners.size]).toEqual([true, 3]);
    const second = member('second');
    await second.start();
    await eventually(() => [...owners.values()].every(({ size }) => size === 1), { what: 'shared' });
    const gained = log.findIndex((line) => line.startsWith('second gains'));
    expect(log.indexOf('first hands over')).toBeGreaterThanOrEqual(0);
    expect(log.indexOf('first hands over')).toBeLessThan(gained);
    await first.stop();
    expect(first.isConfirmed).toBe(false);
    await eventually(() => [...owners.values()].every((names) => names.has('second')), {
      what: 'all the second’s',
    });
    expect(second.isConfirmed).toBe(true);
  });
});
