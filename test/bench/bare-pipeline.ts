import { createPool } from '@subledger/database';
import { BatchConsumer, ensureTopics, type KafkaConfig, RecordProducer } from '@subledger/kafka';
import { PARTITIONS } from './settings.js';

/**
 * The floor of the latency, in its own process like the ledger: each batch of commands becomes one small durable
 * INSERT, then one record per command. It has no rules, no state, no Kafka transactions and no fencing.
 */
export const BARE_PIPELINE = 'bare-pipeline';

export const BARE_TOPICS = { commands: 'bench.commands', events: 'bench.events' } as const;

/** As the ledger's consumer. */
const FETCH_WAIT_MS = 25;
const CONNECTIONS = 4;

export async function ensureBareTopics(kafka: KafkaConfig): Promise<void> {
  const config = { 'message.timestamp.type': 'LogAppendTime' };
  await ensureTopics(
    kafka,
    Object.values(BARE_TOPICS).map((name) => ({
      name,
      partitions: PARTITIONS,
      config,
      replicationFactor: 1,
    })),
  );
}

/** Runs until SIGTERM. Reads DATABASE_URL and KAFKA_BROKERS. */
export async function runBarePipeline(): Promise<void> {
  const { DATABASE_URL: url = '', KAFKA_BROKERS: brokers = '' } = process.env;
  const kafka: KafkaConfig = { brokers: brokers.split(','), clientId: BARE_PIPELINE };
  const pool = createPool({ url, schema: 'public', applicationName: BARE_PIPELINE, max: CONNECTIONS });
  await pool.query(
    'CREATE TABLE IF NOT EXISTS bare_commands (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, command text NOT NULL)',
  );
  const producer = new RecordProducer(kafka);
  await producer.connect();
  const consumer = new BatchConsumer(kafka, {
    groupId: BARE_PIPELINE,
    topics: [BARE_TOPICS.commands],
    fromBeginning: true,
    commit: 'after-batch',
    maxWaitTimeMs: FETCH_WAIT_MS,
    onBatch: async ({ records }) => {
      const texts = records.map(({ value }) => String(value));
      await pool.query({
        name: 'bare-insert',
        text: 'INSERT INTO bare_commands (command) SELECT unnest($1::text[])',
        values: [texts],
      });
      await producer.send(
        records.map(({ key, value }) => ({ topic: BARE_TOPICS.events, key, value, headers: {} })),
      );
    },
  });
  await consumer.start();
  process.send?.({ type: 'ready' });
  await new Promise((resolve) => process.once('SIGTERM', resolve));
  await consumer.stop();
  await producer.close();
  await pool.end();
  process.disconnect?.();
}
