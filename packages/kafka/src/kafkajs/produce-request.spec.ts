import { describe, expect, test } from '@jest/globals';
import groupMessagesPerPartition from 'kafkajs/src/producer/groupMessagesPerPartition.js';
import {
  errorCode,
  FencedError,
  KafkaRejectedError,
  KafkaUnavailableError,
  toTransportError,
} from '../errors.js';
import { partitionFor } from '../murmur2.js';
import { TopicNames } from './client.js';
import { FetchedRecord } from './fetched-record.js';
import { byTopic, createPartitioner, cutIntoRequests, isFullyAcknowledged } from './produce-request.js';
import type { PartitionRecords, TopicRecords } from './topic-records.js';

const names = new TopicNames({ brokers: [], clientId: 'c', topicPrefix: 'x.' });
const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({ partitionId }) as never);

describe('a produce request', () => {
  const record = (topic: string, key: string | null, value: string, partition?: number) => ({
    topic,
    key,
    value,
    ...(partition === undefined ? {} : { partition }),
  });
  /** As kafkajs does it: the groups by partition. */
  const group = (topic: TopicRecords, partitioner = createPartitioner()) => {
    const groups = groupMessagesPerPartition({
      topic: topic.topic,
      partitionMetadata,
      messages: topic,
      partitioner,
    });
    return Object.entries(groups).map(([partition, group]) => {
      const { records, length } = group as PartitionRecords;
      expect(length).toBe(records.length);
      return [Number(partition), records.map(({ value }) => value)];
    });
  };

  test.each<[string, [topic: string, kilobytes: number][], number[]]>([
    ['nothing', [], []],
    [
      'what fits',
      [
        ['a', 400],
        ['a', 400],
      ],
      [2],
    ],
    [
      'more than a partition’s batch may have',
      [
        ['a', 400],
        ['a', 400],
        ['a', 400],
      ],
      [2, 1],
    ],
    [
      'as much of another topic',
      [
        ['a', 800],
        ['b', 800],
        ['a', 1],
      ],
      [3],
    ],
    [
      'more than a request',
      [
        ['a', 800],
        ['b', 800],
        ['c', 300],
      ],
      [2, 1],
    ],
    [
      'single records that are too large',
      [
        ['a', 2_000],
        ['a', 1],
        ['b', 2_000],
      ],
      [1, 1, 1],
    ],
  ])('holds a run of the records: %s', (_, all, sizes) => {
    const records = all.map(([topic, kilobytes]) => ({
      topic,
      key: null,
      value: Buffer.alloc(kilobytes * 1_000),
    }));
    const requests = [...cutIntoRequests(records)];
    expect(requests.map((request) => request.length)).toEqual(sizes);
    expect(requests.flat()).toEqual(records);
  });

  test('keeps the order within a topic and adds the prefix', () => {
    const topics = byTopic(
      ['a', 'b', 'a'].map((topic, i) => record(topic, `k${i}`, String(i))),
      names,
    );
    expect(topics.map(({ topic, records }) => [topic, records.map(({ value }) => value)])).toEqual([
      ['x.a', ['0', '2']],
      ['x.b', ['1']],
    ]);
  });

  test('partitions by key as Java does, in order, and keeps an explicit partition', () => {
    const [topic] = byTopic(
      [record('t', 'main-1', '0'), record('t', 'main-1', '1', 5), record('t', 'main-1', '2')],
      names,
    );
    const byKey = partitionFor('main-1', 12);
    expect(group(topic!)).toEqual(
      [
        [5, ['1']],
        [byKey, ['0', '2']],
      ].sort((a, b) => Number(a[0]) - Number(b[0])),
    );
    expect(topic!.partitions).toEqual([5, byKey].sort((a, b) => a - b));
  });

  test('spreads records without a key, and does not decide twice', () => {
    const [topic] = byTopic(
      ['0', '1', '2'].map((value) => record('t', null, value)),
      names,
    );
    const partitioner = createPartitioner();
    const first = group(topic!, partitioner);
    expect(first).toHaveLength(3);
    expect(group(topic!, partitioner)).toEqual(first);
  });

  test('refuses a record without a value where kafkajs looks for one', () => {
    const [topic] = byTopic(
      [record('t', 'k', '0'), { topic: 't', key: 'k', value: undefined as never }],
      names,
    );
    expect(topic!.find(({ value }) => value === undefined)).toBeDefined();
  });

  test('counts as acknowledged only if each partition was answered', () => {
    const [topic] = byTopic(
      [0, 1, 1].map((partition) => record('t', null, '', partition)),
      names,
    );
    const answer = (partition: number, errorCodeOf = 0) => ({
      topicName: 'x.t',
      partition,
      errorCode: errorCodeOf,
    });
    expect(isFullyAcknowledged([topic!], [answer(0), answer(1)])).toBe(false); // not sent yet
    group(topic!);
    expect(isFullyAcknowledged([topic!], [answer(0), answer(1)])).toBe(true);
    expect(isFullyAcknowledged([topic!], [answer(0)])).toBe(false);
    expect(isFullyAcknowledged([topic!], [answer(0), answer(1, 7)])).toBe(false);
  });
});

describe('errors', () => {
  const wrap = (type: string, message = '') => ({
    name: 'KafkaJSNumberOfRetriesExceeded',
    cause: { name: 'KafkaJSProtocolError', type, message },
  });
  test.each([
    ['INVALID_PRODUCER_EPOCH', FencedError],
    ['MESSAGE_TOO_LARGE', KafkaRejectedError],
    ['UNKNOWN_TOPIC_OR_PARTITION', KafkaUnavailableError],
    ['SOMETHING_NEW', KafkaUnavailableError],
  ])('%s', (type, expected) => {
    expect(toTransportError('send', wrap(type))).toBeInstanceOf(expected);
  });
  test('code 90, which kafkajs does not know, is PRODUCER_FENCED', () => {
    expect(errorCode(wrap('KAFKAJS_UNKNOWN_ERROR_CODE', 'Unknown error code 90'))).toBe('PRODUCER_FENCED');
  });
});

describe('FetchedRecord', () => {
  test('decodes key, offset and headers, the last value of a repeated header', () => {
    const record = new FetchedRecord('t', 1, {
      key: Buffer.from('k'),
      value: null,
      offset: '9007199254740993',
      timestamp: '1700000000000',
      attributes: 0,
      headers: { a: Buffer.from('1'), b: [Buffer.from('2'), Buffer.from('3')], c: undefined },
    } as never);
    expect(record.offset).toBe(9007199254740993n);
    expect(record).toMatchObject({ key: 'k', timestampMs: 1700000000000, headers: { a: '1', b: '3' } });
  });
});
