import { topicSettings } from '@subledger/contracts';
import {
  ensureTopics,
  type KafkaConfig,
  KafkaRejectedError,
  KafkaUnavailableError,
  PartitionCountError,
} from '@subledger/kafka';
import { SetupError } from './setup-error.js';

export interface TopicOptions {
  /** Default: 12. Fixed at creation. */
  readonly partitions?: number | undefined;
  /** Default: the broker's. */
  readonly replicationFactor?: number | undefined;
}

/**
 * Creates the topics that are missing and sets what has drifted.
 *
 * @throws SetupError when Kafka cannot be reached or refuses, or a topic has fewer partitions
 */
export async function ensureAllTopics(
  kafka: KafkaConfig,
  { partitions, replicationFactor }: TopicOptions = {},
): Promise<{ created: string[]; altered: string[] }> {
  const topics = topicSettings(partitions).map(({ name, partitions: count, config }) => ({
    name,
    partitions: count,
    // What an operator has added does no harm, see docs/operations/more-partitions.md.
    mayHaveMore: true,
    config,
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
  }));
  try {
    return await ensureTopics(kafka, topics);
  } catch (error) {
    if (error instanceof KafkaUnavailableError)
      throw new SetupError(`Kafka at ${kafka.brokers.join(', ')} cannot be reached (${error.message}).`);
    if (error instanceof PartitionCountError || error instanceof KafkaRejectedError)
      throw new SetupError(error.message);
    throw error;
  }
}
