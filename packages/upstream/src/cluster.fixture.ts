import { TOPICS, type TopicName, topicSettings } from '@subledger/contracts';
import {
  deleteTopics,
  ensureTopics,
  type KafkaConfig,
  type OutgoingRecord,
  RecordProducer,
} from '@subledger/kafka/client';
import { TcpProxy } from '@subledger/testing';
import { PARTITIONS, uniquePrefix } from './feed/records.fixture.js';

/** The real broker of the suites, with topics of this suite's own, and an unfailing producer to play the others. */
export class TestCluster {
  readonly kafka: KafkaConfig = {
    brokers: (process.env.TEST_KAFKA_BROKERS ?? '').split(','),
    clientId: 'upstream-suite',
    topicPrefix: uniquePrefix(),
  };
  readonly producer = new RecordProducer(this.kafka);
  readonly #closers: (() => Promise<unknown>)[] = [];

  /** @param settings of every topic, beside its own; in force from the first record on, which a later change is not */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TestCluster> {
    const cluster = new TestCluster();
    await ensureTopics(
      cluster.kafka,
      topicSettings(PARTITIONS).map((topic) => ({
        ...topic,
        config: { ...topic.config, ...settings },
        replicationFactor: 1,
      })),
    );
    return cluster;
  }

  /** Closed before the topics go, in reverse order. */
  onClose(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  write(topic: TopicName, ...values: { readonly key: string; readonly value: unknown }[]): Promise<void> {
    const records: OutgoingRecord[] = values.map(({ key, value }) => ({
      topic,
      key,
      value: value === null || Buffer.isBuffer(value) ? value : JSON.stringify(value),
    }));
    return this.producer.send(records);
  }

  /** A configuration whose connections go through a proxy. */
  async throughProxy(): Promise<{ kafka: KafkaConfig; proxy: TcpProxy }> {
    const [host = '', port = ''] = (this.kafka.brokers[0] ?? '').split(':');
    const proxy = await TcpProxy.start({ host, port: Number(port) });
    this.onClose(() => proxy.close());
    const dial = () => ({ host: '127.0.0.1', port: proxy.port });
    return { kafka: { ...this.kafka, dial }, proxy };
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await this.producer.close();
    await deleteTopics(this.kafka, Object.values(TOPICS));
  }
}
