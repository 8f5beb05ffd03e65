import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../backoff.js';
import { type KafkaConfig, type KafkaRecord, partitionKey } from '../config.js';
import { errorCode, toTransportError } from '../errors.js';
import { TopicNames } from '../kafkajs/client.js';
import {
  connectCluster,
  type InnerBroker,
  type InnerCluster,
  READ_COMMITTED,
} from '../kafkajs/inner-cluster.js';
import { type Arrived, type Followed, toArrived } from './followed-partition.js';
import { LogReader } from './log-reader.js';

const BACKOFF_BASE_MS = 100;
const BACKOFF_MAX_MS = 2_000;
const REQUEST_TIMEOUT_MS = 5_000;

export interface FollowedBatch {
  readonly topic: string;
  readonly partition: number;
  /** Committed records in the order of offsets, at least one. */
  readonly records: KafkaRecord[];
}

export interface LogFollowerOptions {
  /** All topics that may be followed, without prefix. They must exist. */
  readonly topics: readonly string[];
  /** Synchronous: it delays later batches. If it throws, the error is logged and the batch comes again. */
  onBatch(batch: FollowedBatch): void;
  /** Called after each answer of a broker, including answers without records. */
  onRound?(): void;
  /**
   * The offset is not in the log, which has `low` to `high`.
   * @returns the offset to continue at
   */
  onOutOfRange(at: { topic: string; partition: number; low: bigint; high: bigint }): bigint;
  /**
   * Milliseconds that a broker waits for records. It limits how long a newly followed partition waits. Default 200.
   */
  readonly maxWaitTimeMs?: number;
  /** Default 128 KiB. */
  readonly maxBytesPerPartition?: number;
  /** Limit of one answer. Two are in memory at a time. Default 1 MiB. */
  readonly maxBytes?: number;
}

/**
 * Reads chosen partitions from given offsets, without a group. One loop per broker requests the next records while
 * the last ones are processed. It reconnects after outages, without a time limit. `atEndSince` shows how far it is.
 *
 * Compaction, transaction markers and aborted records leave gaps in the offsets. Positions move over them.
 */
export class LogFollower {
  readonly #config: KafkaConfig;
  readonly #options: LogFollowerOptions;
  readonly #names: TopicNames;
  readonly #reader: LogReader;
  readonly #followed = new Map<string, Followed>();
  readonly #stopping = new AbortController();
  #cluster: InnerCluster | undefined;
  #changed = Promise.withResolvers<void>();
  #life: Promise<void> | undefined;

  constructor(config: KafkaConfig, options: LogFollowerOptions) {
    this.#config = config;
    this.#options = options;
    this.#names = new TopicNames(config);
    this.#reader = new LogReader(config);
  }

  /** Number of partitions. @throws KafkaUnavailableError | KafkaRejectedError */
  partitionCount(topic: string): Promise<number> {
    return this.#reader.partitionCount(topic);
  }

  /**
   * The first offset, and the one after the last record.
   * @throws KafkaUnavailableError | KafkaRejectedError
   */
  range(topic: string, partition: number): Promise<{ low: bigint; high: bigint }> {
    return this.#reader.range(topic, partition);
  }

  /** Starts to follow a partition from this offset, or moves to it. */
  follow(topic: string, partition: number, from: bigint): void {
    this.#followed.set(partitionKey(topic, partition), {
      topic,
      partition,
      position: from,
      delivered: from,
      highWatermark: from,
      atEndSince: Number.NEGATIVE_INFINITY,
    });
    this.#notify();
    this.#life ??= this.#live();
  }

  unfollow(topic: string, partition: number): void {
    this.#followed.delete(partitionKey(topic, partition));
    this.#notify();
  }

  /** All records before this offset have been delivered. Undefined if the partition is not followed. */
  position(topic: string, partition: number): bigint | undefined {
    return this.#followed.get(partitionKey(topic, partition))?.delivered;
  }

  /** Number of records known to be in the log and not delivered, over all partitions of a topic. */
  lag(topic: string): bigint {
    let lag = 0n;
    for (const one of this.#followed.values())
      if (one.topic === topic && one.highWatermark > one.delivered) lag += one.highWatermark - one.delivered;
    return lag;
  }

  /**
   * The time (`performance.now()`, milliseconds) up to which everything in the followed partitions of a topic has
   * been delivered. -Infinity before the first time, or if no partition is followed.
   * @param partition only this partition
   */
  atEndSince(topic: string, partition?: number): number {
    if (partition !== undefined)
      return this.#followed.get(partitionKey(topic, partition))?.atEndSince ?? Number.NEGATIVE_INFINITY;
    let since = Number.POSITIVE_INFINITY;
    for (const one of this.#followed.values())
      if (one.topic === topic && one.atEndSince < since) since = one.atEndSince;
    return since === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : since;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#notify();
    await this.#cluster?.disconnect().catch(() => undefined);
    await this.#life;
    await this.#reader.close();
  }

  #isClosed(): boolean {
    return this.#stopping.signal.aborted;
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Connects to one cluster after the other. After any failure, everything is looked up anew. */
  async #live(): Promise<void> {
    for (let failures = 0; !this.#isClosed(); ) {
      let cluster: InnerCluster | undefined;
      try {
        cluster = await connectCluster(this.#config, {
          retries: 1,
          initialRetryTimeMs: 100,
          maxRetryTimeMs: 1_000,
          requestTimeoutMs: REQUEST_TIMEOUT_MS,
        });
        this.#cluster = cluster;
        await this.#readAll(cluster, () => {
          failures = 0;
        });
      } catch (error) {
        if (this.#isClosed()) break;
        const { message } = toTransportError('follow', error);
        this.#config.log?.warn({ failures, error: message }, 'kafka: reading failed, trying again');
      } finally {
        this.#cluster = undefined;
        await cluster?.disconnect().catch(() => undefined);
      }
      await sleep(backoffMs(failures, BACKOFF_BASE_MS, BACKOFF_MAX_MS), undefined, {
        signal: this.#stopping.signal,
      }).catch(() => undefined);
      failures += 1;
    }
  }

  /** Ends when closed, or when the first broker fails. */
  async #readAll(cluster: InnerCluster, onSuccess: () => void): Promise<void> {
    // Records that were requested but not delivered before the last cluster was lost are requested again.
    for (const followed of this.#followed.values()) followed.position = followed.delivered;
    const leaders = new Map<string, string>();
    for (const topic of this.#options.topics) await cluster.addTargetTopic(this.#names.toWire(topic));
    await cluster.refreshMetadata();
    for (const topic of this.#options.topics)
      for (const { partitionId, leader } of cluster.findTopicPartitionMetadata(this.#names.toWire(topic)))
        leaders.set(partitionKey(topic, partitionId), String(leader));
    let hasFailed = false;
    const pumps = [...new Set(leaders.values())].map(async (nodeId) => {
      try {
        const broker = await cluster.findBroker({ nodeId });
        const wanted = () =>
          [...this.#followed].filter(([key]) => leaders.get(key) === nodeId).map(([, one]) => one);
        await this.#pump(broker, wanted, () => !hasFailed && !this.#isClosed(), onSuccess);
      } catch (error) {
        hasFailed = true;
        this.#notify();
        throw error;
      }
    });
    const [failure] = (await Promise.allSettled(pumps)).filter((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
    if (pumps.length === 0) throw new Error('The topics have no partitions');
  }

  async #pump(
    broker: InnerBroker,
    wanted: () => Followed[],
    goesOn: () => boolean,
    onSuccess: () => void,
  ): Promise<void> {
    let arrived: Arrived[] = [];
    while (goesOn()) {
      const partitions = wanted();
      if (partitions.length === 0) {
        await this.#changed.promise;
        continue;
      }
      const fetching = this.#fetch(broker, partitions);
      // It may fail while the records before it are processed.
      fetching.catch(() => undefined);
      if (arrived.length > 0) {
        // Lets the request go out first.
        await new Promise((resolve) => setImmediate(resolve));
        this.#deliver(arrived);
      }
      arrived = this.#accept(await fetching);
      onSuccess();
      if (arrived.every(({ records }) => records.length === 0)) {
        this.#deliver(arrived);
        arrived = [];
      }
    }
  }

  async #fetch(broker: InnerBroker, partitions: Followed[]): Promise<Arrived[]> {
    const askedAt = performance.now();
    const asked = new Map<string, { followed: Followed; from: bigint }>();
    const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
    for (const followed of partitions) {
      const { topic, partition, position: from } = followed;
      const wire = this.#names.toWire(topic);
      asked.set(partitionKey(wire, partition), { followed, from });
      if (!topics.has(wire)) topics.set(wire, []);
      const maxBytes = this.#options.maxBytesPerPartition ?? 128 * 1024;
      topics.get(wire)!.push({ partition, fetchOffset: String(from), maxBytes });
    }
    try {
      const { responses } = await broker.fetch({
        maxWaitTime: this.#options.maxWaitTimeMs ?? 200,
        minBytes: 1,
        maxBytes: this.#options.maxBytes ?? 1024 * 1024,
        isolationLevel: READ_COMMITTED,
        topics: [...topics].map(([topic, parts]) => ({ topic, partitions: parts })),
      });
      return responses.flatMap(({ topicName, partitions: answered }) =>
        answered.flatMap((one) => {
          const question = asked.get(partitionKey(topicName, one.partition));
          return question ? [toArrived(question, one, askedAt)] : [];
        }),
      );
    } catch (error) {
      if (errorCode(error) !== 'OFFSET_OUT_OF_RANGE') throw error;
      await this.#findOutOfRange([...asked.values()]);
      return [];
    }
  }

  /** The answer has one error for all partitions, so it checks each. */
  async #findOutOfRange(asked: { followed: Followed; from: bigint }[]): Promise<void> {
    for (const { followed, from } of asked) {
      const { topic, partition } = followed;
      const { low, high } = await this.#reader.range(topic, partition);
      if ((from >= low && from <= high) || followed.position !== from) continue;
      const next = this.#options.onOutOfRange({ topic, partition, low, high });
      this.#config.log?.warn(
        { topic, partition, wanted: String(from), low: String(low), high: String(high), next: String(next) },
        'kafka: the offset is not in the log',
      );
      followed.position = next;
      followed.delivered = next;
      followed.atEndSince = Number.NEGATIVE_INFINITY;
    }
  }

  /** Moves the positions, so that the next request can go out. */
  #accept(answered: Arrived[]): Arrived[] {
    const accepted = answered.filter(
      ({ followed, from }) => this.#isCurrent(followed) && followed.position === from,
    );
    for (const { followed, next } of accepted) followed.position = next;
    return accepted;
  }

  #isCurrent(followed: Followed): boolean {
    return this.#followed.get(partitionKey(followed.topic, followed.partition)) === followed;
  }

  #deliver(arrived: Arrived[]): void {
    for (const { followed, from, askedAt, records, next, highWatermark } of arrived) {
      if (!this.#isCurrent(followed) || followed.delivered !== from) continue;
      const { topic, partition } = followed;
      if (records.length > 0) this.#options.onBatch({ topic, partition, records });
      for (const { undecodable } of records)
        if (undecodable)
          this.#config.log?.error(
            { topic, partition, detail: undecodable.detail },
            'kafka: a batch cannot be decoded, passed over',
          );
      followed.delivered = next;
      followed.highWatermark = highWatermark;
      if (next >= highWatermark) followed.atEndSince = askedAt;
    }
    this.#options.onRound?.();
  }
}
