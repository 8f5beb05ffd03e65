import { randomBytes } from 'node:crypto';
import type { KafkaConfig, KafkaRecord } from './config.js';
import { BatchConsumer } from './consume/batch-consumer.js';
import type { BatchConsumerOptions } from './consume/consumer-options.js';
import { deleteTopics, ensureTopics, type TopicDefinition } from './topics/topics.js';

/** The real broker of the suites, under a prefix of this suite's own. */
export function testConfig(): KafkaConfig {
  const brokers = process.env.TEST_KAFKA_BROKERS;
  if (!brokers) throw new Error('TEST_KAFKA_BROKERS is not set');
  return {
    brokers: brokers.split(','),
    clientId: 'kafka-suite',
    topicPrefix: `t${randomBytes(5).toString('hex')}.`,
  };
}

export async function createTopics(
  config: KafkaConfig,
  partitionsByName: Record<string, number>,
): Promise<() => Promise<void>> {
  const topics: TopicDefinition[] = Object.entries(partitionsByName).map(([name, partitions]) => ({
    name,
    partitions,
    replicationFactor: 1,
    config: {},
  }));
  await ensureTopics(config, topics);
  return () => deleteTopics(config, Object.keys(partitionsByName));
}

/** A consumer that keeps what it got. Options that are given replace the defaults. */
export function collect(
  config: KafkaConfig,
  options: Partial<BatchConsumerOptions> & { topics: string[]; groupId: string },
): { consumer: BatchConsumer; records: KafkaRecord[]; values(): string[] } {
  const records: KafkaRecord[] = [];
  const consumer = new BatchConsumer(config, {
    fromBeginning: true,
    commit: 'after-batch',
    sessionTimeoutMs: 6_000,
    onBatch: (batch) => {
      records.push(...batch.records);
    },
    ...options,
  });
  return { consumer, records, values: () => records.map((record) => String(record.value)) };
}
