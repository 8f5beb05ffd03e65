import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import Cluster from 'kafkajs/src/cluster/index.js';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import definitions from 'kafkajs/src/protocol/requests/index.js';
import { createClient } from './client.js';
import { createLogSink, RETRIED } from './client-log.js';
import { fixNegativeTimeouts } from './request-queue-fix.js';

const LIBRARY = dirname(createRequire(import.meta.url).resolve('kafkajs/package.json'));
const OPTIONS = { retries: 1, initialRetryTimeMs: 1, maxRetryTimeMs: 1 };

/** Another kafkajs than the pinned one must be noticed when a client is made, not by what it does to records. */
describe('making a client refuses a kafkajs', () => {
  const make = () => createClient({ brokers: ['127.0.0.1:1'], clientId: 'c' }, OPTIONS);
  const queue = RequestQueue.prototype;
  const { scheduleCheckPendingRequests } = queue;
  const { Produce, Fetch } = definitions.requests;
  const protocol = Produce.protocol;
  const fetchProtocol = Fetch.protocol;
  const { findBroker } = Cluster.prototype;
  const { joinAndSync, fetch } = ConsumerGroup.prototype;

  // In the order in which `createClient` looks: what has been replaced once is not looked at again.
  test.each<[string, () => void, () => void]>([
    [
      'whose request queue checks otherwise for requests that wait',
      () => Object.assign(queue, { scheduleCheckPendingRequests: undefined }),
      () => Object.assign(queue, { scheduleCheckPendingRequests }),
    ],
    [
      'without its definition of the produce request',
      () => Reflect.deleteProperty(definitions.requests, 'Produce'),
      () => Object.assign(definitions.requests, { Produce }),
    ],
    [
      'whose produce request is made of other parts',
      () => Object.assign(Produce, { protocol: () => () => ({ body: Buffer.alloc(0) }) }),
      () => Object.assign(Produce, { protocol }),
    ],
    [
      'whose fetch request is made of other parts',
      () => Object.assign(Fetch, { protocol: () => () => ({ body: Buffer.alloc(0) }) }),
      () => Object.assign(Fetch, { protocol: fetchProtocol }),
    ],
    [
      'whose cluster finds coordinators otherwise',
      () => Object.assign(Cluster.prototype, { findBroker: undefined }),
      () => Object.assign(Cluster.prototype, { findBroker }),
    ],
    [
      'whose consumer group joins otherwise',
      () => Object.assign(ConsumerGroup.prototype, { joinAndSync: undefined }),
      () => Object.assign(ConsumerGroup.prototype, { joinAndSync }),
    ],
    [
      'whose consumer group fetches otherwise',
      () => Object.assign(ConsumerGroup.prototype, { fetch: undefined }),
      () => Object.assign(ConsumerGroup.prototype, { fetch }),
    ],
  ])('%s', (_, breakIt, mend) => {
    breakIt();
    expect(make).toThrow('kafkajs is not 2.2.4');
    mend();
  });
});

test('kafkajs is the version that this folder is written for: README.md says what to look at for another', () => {
  const { version } = JSON.parse(readFileSync(join(LIBRARY, 'package.json'), 'utf8'));
  expect(version).toBe('2.2.4');
});

describe('the inner cluster', () => {
  test('is handed to assigners, with the calls that reading without a group and the group protocol make', () => {
    let cluster: object | undefined;
    createClient({ brokers: ['127.0.0.1:1'], clientId: 'c' }, OPTIONS).consumer({
      groupId: 'g',
      partitionAssigners: [
        (handed) => {
          cluster = handed.cluster;
          return {
            name: 'none',
            version: 0,
            assign: async () => [],
            protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }),
          };
        },
      ],
    });
    const calls = [
      'connect',
      'disconnect',
      'addTargetTopic',
      'refreshMetadataIfNecessary',
      'refreshMetadata',
      'findLeaderForPartitions',
      'findTopicPartitionMetadata',
      'findBroker',
      'findGroupCoordinator',
      'fetchTopicsOffset',
    ];
    const found = calls.filter((call) => typeof Reflect.get(cluster ?? {}, call) === 'function');
    expect(found).toEqual(calls);
  });
});

describe('the request queue', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test('starts a timer for requests that wait, and none without', () => {
    fixNegativeTimeouts();
    jest.useFakeTimers();
    const logger = { debug: () => undefined };
    const queue = new RequestQueue({ maxInFlightRequests: 1, logger, isConnected: () => true });
    queue.scheduleCheckPendingRequests();
    expect(jest.getTimerCount()).toBe(0);
    queue.pending.push({});
    queue.scheduleCheckPendingRequests();
    expect(jest.getTimerCount()).toBe(1);
    jest.clearAllTimers();
  });
});

describe('the log', () => {
  test('lowers texts that kafkajs still writes', () => {
    const sources = readdirSync(join(LIBRARY, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => readFileSync(join(LIBRARY, 'src', name), 'utf8'))
      .join('\n');
    // As a text begins: behind a quote.
    const isWritten = (start: string) => ['`', "'"].some((quote) => sources.includes(quote + start));
    expect(RETRIED.filter((start) => !isWritten(start))).toEqual([]);
  });

  test.each([
    ['Failed to connect to broker, reconnecting', 'debug'],
    ['Something that nobody expects', 'warn'],
  ])('an error that says "%s" becomes %s', (message, level) => {
    const written: string[] = [];
    const log = { debug: () => written.push('debug'), warn: () => written.push('warn') };
    createLogSink(log as never)()({ namespace: 'Broker', level: 1, log: { message } });
    expect(written).toEqual([level]);
  });
});
