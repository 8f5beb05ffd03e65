import filterAbortedMessages from 'kafkajs/src/consumer/filterAbortedMessages.js';
import type { KafkaConfig, KafkaRecord } from '../config.js';
import { errorCode, toTransportError } from '../errors.js';
import { TopicNames } from '../kafkajs/client.js';
import { FetchedRecord } from '../kafkajs/fetched-record.js';
import {
  connectCluster,
  type FetchedPartition,
  type InnerCluster,
  READ_COMMITTED,
} from '../kafkajs/inner-cluster.js';

const EARLIEST = true;
const LATEST = false;
const FETCH_BYTES = 1024 * 1024;

/**
 * Reads a partition's log without a consumer group, see `connectCluster`. Calls run one after the other. If several
 * came before the broker is connected, kafkajs would open a socket for each and forget all but the last. Also, an
 * error of one call closes the connection of all.
 */
export class LogReader {
  readonly #config: KafkaConfig;
  readonly #names: TopicNames;
  #cluster: InnerCluster | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: KafkaConfig) {
    this.#config = config;
    this.#names = new TopicNames(config);
  }

  /**
   * The first offset, and the one after the last record. Both are 0 if the topic has no such partition.
   * @throws KafkaUnavailableError | KafkaRejectedError
   */
  async range(topic: string, partition: number): Promise<{ low: bigint; high: bigint }> {
    return this.#run(topic, 'look up the log range', async (cluster, wireTopic) => {
      const [known] = await knownOf(cluster, wireTopic, [partition]);
      if (known === undefined) return { low: 0n, high: 0n };
      const ask = async (fromBeginning: boolean) => {
        const answer = await cluster.fetchTopicsOffset([
          { topic: wireTopic, partitions: [{ partition }], fromBeginning },
        ]);
        return BigInt(answer[0]!.partitions[0]!.offset);
      };
      return { low: await ask(EARLIEST), high: await ask(LATEST) };
    });
  }

  /**
   * The offset after the last record of each of these partitions, by partition number. Partitions that do not exist
   * are left out. It takes one request to each broker.
   * @throws KafkaUnavailableError | KafkaRejectedError
   */
  async ends(topic: string, partitions: readonly number[]): Promise<Map<number, bigint>> {
    if (partitions.length === 0) return new Map();
    return this.#run(topic, 'look up the log ends', async (cluster, wireTopic) => {
      const wanted = (await knownOf(cluster, wireTopic, partitions)).map((partition) => ({ partition }));
      if (wanted.length === 0) return new Map<number, bigint>();
      const [answer] = await cluster.fetchTopicsOffset([
        { topic: wireTopic, partitions: wanted, fromBeginning: LATEST },
      ]);
      return new Map(answer!.partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
    });
  }

  /** Number of a topic's partitions. @throws KafkaUnavailableError | KafkaRejectedError */
  async partitionCount(topic: string): Promise<number> {
    return this.#run(topic, 'look up the partitions', async (cluster, wireTopic) => {
      const count = cluster.findTopicPartitionMetadata(wireTopic).length;
      if (count === 0) throw new Error(`${wireTopic} has no partitions`);
      return count;
    });
  }

  /**
   * The record at exactly this offset, or null if it is deleted, not written yet, aborted, or a transaction marker.
   * @throws KafkaUnavailableError | KafkaRejectedError
   */
  async read(topic: string, partition: number, offset: bigint): Promise<KafkaRecord | null> {
    const fetched = await this.#fetch(topic, partition, offset);
    const abortedTransactions = fetched?.abortedTransactions ?? [];
    const committed = filterAbortedMessages({ messages: fetched?.messages ?? [], abortedTransactions });
    const message = committed.find((found) => BigInt(found.offset) === offset);
    return message && !message.isControlRecord ? new FetchedRecord(topic, partition, message) : null;
  }

  /**
   * The committed records from an offset on, about a megabyte.
   *
   *
   * @returns with `next`, the offset to continue at: it is the same offset at the end of the committed records, or if
   *   the log does not have the offset
   * @throws KafkaUnavailableError | KafkaRejectedError
   */
  async readFrom(
    topic: string,
    partition: number,
    offset: bigint,
  ): Promise<{ records: KafkaRecord[]; next: bigint }> {
    const fetched = await this.#fetch(topic, partition, offset);
    // A batch arrives complete, including records before the offset.
    const messages = (fetched?.messages ?? []).filter((found) => BigInt(found.offset) >= offset);
    const last = messages.at(-1);
    const committed = filterAbortedMessages({
      messages,
      abortedTransactions: fetched?.abortedTransactions ?? [],
    }).filter((found) => !found.isControlRecord);
    return {
      records: committed.map((found) => new FetchedRecord(topic, partition, found)),
      next: last ? BigInt(last.offset) + 1n : offset,
    };
  }

  /** Waits for the calls under way, then disconnects. */
  async close(): Promise<void> {
    await this.#queued(() => this.#disconnect());
  }

  #queued<T>(work: () => Promise<T>): Promise<T> {
    const queued = this.#last.then(work);
    this.#last = queued.catch(() => undefined);
    return queued;
  }

  async #disconnect(): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = undefined;
    await cluster?.disconnect().catch(() => undefined);
  }

  async #fetch(topic: string, partition: number, offset: bigint): Promise<FetchedPartition | undefined> {
    return this.#run(topic, 'read a record', async (cluster, wireTopic) => {
      const nodeId = Object.keys(cluster.findLeaderForPartitions(wireTopic, [partition]))[0];
      if (nodeId === undefined) throw new Error(`No leader for ${topic}:${partition}`);
      const broker = await cluster.findBroker({ nodeId });
      try {
        const { responses } = await broker.fetch({
          maxWaitTime: 1,
          minBytes: 1,
          maxBytes: FETCH_BYTES,
          isolationLevel: READ_COMMITTED,
          topics: [
            {
              topic: wireTopic,
              partitions: [{ partition, fetchOffset: String(offset), maxBytes: FETCH_BYTES }],
            },
          ],
        });
        return responses[0]?.partitions[0];
      } catch (error) {
        if (errorCode(error) === 'OFFSET_OUT_OF_RANGE') return undefined;
        throw error;
      }
    });
  }

  #run<T>(
    topic: string,
    action: string,
    work: (cluster: InnerCluster, wireTopic: string) => Promise<T>,
  ): Promise<T> {
    return this.#queued(() => this.#runOrRepeat(topic, action, work));
  }

  async #runOrRepeat<T>(
    topic: string,
    action: string,
    work: (cluster: InnerCluster, wireTopic: string) => Promise<T>,
  ): Promise<T> {
    const wireTopic = this.#names.toWire(topic);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const cluster = await this.#connect();
        await cluster.addTargetTopic(wireTopic);
        await cluster.refreshMetadataIfNecessary();
        return await work(cluster, wireTopic);
      } catch (error) {
        // The connection may be stale since the last call, or the leader may have moved: try once more from the
        // beginning.
        await this.#disconnect();
        if (attempt > 0) throw toTransportError(`${action} of ${topic}`, error);
      }
    }
  }

  async #connect(): Promise<InnerCluster> {
    this.#cluster ??= await connectCluster(this.#config, {
      retries: 5,
      initialRetryTimeMs: 100,
      maxRetryTimeMs: 1_000,
    });
    return this.#cluster;
  }
}

/** Those of the partitions that the topic has. An unknown partition may be new, so it is looked up. */
async function knownOf(
  cluster: InnerCluster,
  wireTopic: string,
  partitions: readonly number[],
): Promise<number[]> {
  const known = () => {
    const all = new Set(cluster.findTopicPartitionMetadata(wireTopic).map(({ partitionId }) => partitionId));
    return partitions.filter((partition) => all.has(partition));
  };
  if (known().length < partitions.length) await cluster.refreshMetadata();
  return known();
}
