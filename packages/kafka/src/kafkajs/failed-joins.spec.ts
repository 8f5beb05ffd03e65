import { afterEach, expect, jest, test } from '@jest/globals';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import { errorCode, toTransportError } from '../errors.js';
import { endWithFailedJoins } from './failed-joins.js';

const { joinAndSync } = ConsumerGroup.prototype;
afterEach(() => {
  ConsumerGroup.prototype.joinAndSync = joinAndSync;
});

test('a failed join ends the consumer and keeps the name of the error, so that the next one tries again', async () => {
  const loading = Object.assign(new Error('The coordinator is loading'), { type: 'GROUP_LOAD_IN_PROGRESS' });
  ConsumerGroup.prototype.joinAndSync = jest.fn(() => Promise.reject(loading));
  endWithFailedJoins();
  const failed: unknown = await ConsumerGroup.prototype.joinAndSync().catch((error: unknown) => error);
  expect(failed).toMatchObject({ name: 'KafkaJSNonRetriableError', retriable: false });
  expect(errorCode(failed)).toBe('GROUP_LOAD_IN_PROGRESS');
  expect(toTransportError('consume', failed).name).toBe('KafkaUnavailableError');
});
