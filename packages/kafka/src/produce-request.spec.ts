import { describe, expect, test } from '@jest/globals';
import { TopicNames } from './client.js';
import {
  errorCode,
  FencedError,
  KafkaRejectedError,
  KafkaUnavailableError,
  toTransportError,
} from './errors.js';
import { FetchedRecord } from './fetched-record.js';
import { partitionFor } from './murmur2.js';
import { createPartitioner, isFullyAcknowledged, toTopicMessages } from './produce-request.js';

const names = new TopicNames({ brokers: [], clientId: 'c', topicPrefix: 'x.' });
const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({ partitionId }) as never);

describe('a produce request', () => {
  test('keeps the order within a topic and adds the prefix', () => {
    const messages = toTopicMessages(
      ['a', 'b', 'a'].map((topic, i) => ({ topic, key: `k${i}`, value: String(i) })),
      names,
    );
    expect(messages.map(({ topic, messages: all }) => [topic, all.map(({ value }) => value)])).toEqual([
      ['x.a', ['0', '2']],
      ['x.b', ['1']],
    ]);
  });

  test('partitions by key as Java does, keeps an explicit partition, and does not decide twice', () => {
    const partition = createPartitioner();
    const ask = (message: object) => partition({ topic: 't', partitionMetadata, message: message as never });
    expect(ask({ key: 'main-1', value: null })).toBe(partitionFor('main-1', 12));
    expect(ask({ key: 'main-1', value: null, partition: 5 })).toBe(5);
    const keyless = { key: null, value: null };
    expect(ask(keyless)).toBe(ask(keyless));
    expect(ask({ key: null, value: null })).not.toBe(ask(keyless));
  });

  test('counts as acknowledged only if each partition was answered', () => {
    const sent = [{ topic: 't', messages: [0, 1, 1].map((partition) => ({ value: '', partition })) }];
    const answer = (partition: number, errorCodeOf = 0) => ({
      topicName: 't',
      partition,
      errorCode: errorCodeOf,
    });
    expect(isFullyAcknowledged(sent, [answer(0), answer(1)])).toBe(true);
    expect(isFullyAcknowledged(sent, [answer(0)])).toBe(false);
    expect(isFullyAcknowledged(sent, [answer(0), answer(1, 7)])).toBe(false);
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
