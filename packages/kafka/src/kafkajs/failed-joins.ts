import kafkajs from 'kafkajs';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';

let applied = false;

/**
 * Makes a join that failed the end of its consumer. kafkajs 2.2.4 takes one that failed for a reason worth a retry (a
 * time-out, a closed connection) for a fetch that failed, and fetches on: with the assignment of before, without a
 * member id, and therefore without heartbeats. The group has given the partitions away; nothing tells the consumer.
 *
 * @throws Error when kafkajs's consumer group is not of the expected shape
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
      throw new kafkajs.KafkaJSNonRetriableError(error as Error);
    }
  };
  applied = true;
}
