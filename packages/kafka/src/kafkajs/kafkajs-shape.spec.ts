import { describe, expect, test } from '@jest/globals';
import Cluster from 'kafkajs/src/cluster/index.js';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import definitions from 'kafkajs/src/protocol/requests/index.js';
import { createClient } from './client.js';

/** Another kafkajs than the pinned one must be noticed when a client is made, not by what it does to records. */
describe('making a client refuses a kafkajs', () => {
  const options = { retries: 1, initialRetryTimeMs: 1, maxRetryTimeMs: 1 };
  const make = () => createClient({ brokers: ['127.0.0.1:1'], clientId: 'c' }, options);
  const { Produce, Fetch } = definitions.requests;
  const protocol = Produce.protocol;
  const fetchProtocol = Fetch.protocol;
  const { findBroker } = Cluster.prototype;
  const { joinAndSync } = ConsumerGroup.prototype;

  test.each<[string, () => void, () => void]>([
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
  ])('%s', (_, breakIt, mend) => {
    breakIt();
    expect(make).toThrow('kafkajs is not 2.2.4');
    mend();
  });
});
