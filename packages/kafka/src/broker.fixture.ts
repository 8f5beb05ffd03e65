import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Polls until the condition holds. @throws after the bound, with the description */
export async function eventually(
  description: string,
  condition: () => boolean | Promise<boolean>,
  boundMs = 30_000,
): Promise<void> {
  const end = Date.now() + boundMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Not within ${boundMs} ms: ${description}`);
    await sleep(10);
  }
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

/** A stretch of wire between client and broker that can be cut, or lose the broker's answers. */
export class FlakyWire {
  #server: net.Server | undefined;
  #port = 0;
  readonly #pairs = new Set<[net.Socket, net.Socket]>();
  #target = { host: '127.0.0.1', port: 0 };
  #answersToLose = 0;
  #toBreak = { apiKey: -1, count: 0 };
  #isStalled = false;
  /** How many chunks of answers, or requests, were lost. */
  lost = 0;

  async open(): Promise<void> {
    const server = net.createServer((client) => this.#join(client));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as net.AddressInfo).port;
    this.#server = server;
  }

  /** For `KafkaConfig.dial`; one broker only. */
  readonly dial = (host: string, port: number): { host: string; port: number } => {
    this.#target = { host, port };
    return { host: '127.0.0.1', port: this.#port };
  };

  /** Connections break, new ones are refused. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#pairs.clear();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  /** The broker gets the next requests, but the connection breaks before the answer is through; `count` times. */
  loseAnswers(count: number): void {
    this.#answersToLose = count;
  }

  /** The connection breaks at the next requests of a kind (Kafka's api key), before the broker gets them. */
  breakAt(apiKey: number, count: number): void {
    this.#toBreak = { apiKey, count };
  }

  /** Connections stay, and nothing comes through them until `resume`: as with a broker that was stopped. */
  stall(): void {
    this.#isStalled = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  resume(): void {
    this.#isStalled = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  #join(client: net.Socket): void {
    const broker = net.connect(this.#target);
    const pair: [net.Socket, net.Socket] = [client, broker];
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      broker.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.on('data', (chunk) => {
      // Behind the request's size.
      if (this.#toBreak.count > 0 && chunk.length >= 6 && chunk.readInt16BE(4) === this.#toBreak.apiKey) {
        this.#toBreak.count -= 1;
        this.lost += 1;
        end();
        return;
      }
      broker.write(chunk);
    });
    broker.on('data', (chunk) => {
      if (this.#answersToLose > 0) {
        this.#answersToLose -= 1;
        this.lost += 1;
        end();
        return;
      }
      client.write(chunk);
    });
    if (this.#isStalled) for (const socket of pair) socket.pause();
  }
}
