import kafkajs from 'kafkajs';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';

let applied = false;

/**
 * Ends the consumer if a join fails. kafkajs 2.2.4 treats a join that failed with a retriable error (a time-out, a
 * closed connection) like a failed fetch, and continues to fetch with the old assignment, without a member id and
 * therefore without heartbeats. The group has given the partitions away, but the consumer does not notice.
 *
 * @throws Error if kafkajs's consumer group does not have the expected shape
 */
export function endWithFailedJoins(): void {
  if (applied) return;
  const prototype = ConsumerGroup?.prototype;
  const original = prototype?.joinAndSync;
  if (typeof original !== 'function')
    throw new Error('kafkajs is not 2.2.4: its consumer group has another shape');
  prototype.joinAndSync = async function () {
    try {
      await original.call(this);
    } catch (error) {
      // The cause keeps Kafka's name of the error: a group that is still loading is no crash.
      throw Object.assign(new kafkajs.KafkaJSNonRetriableError(error as Error), { cause: error });
    }
  };
  applied = true;
}
