import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer, RecordMetadata } from 'kafkajs';
import { backoffMs } from '../backoff.js';
import type { KafkaConfig, OutgoingRecord } from '../config.js';
import { errorCode, isPermanent, KafkaUnavailableError, toTransportError } from '../errors.js';
import { createClient, TopicNames } from '../kafkajs/client.js';
import {
  byTopic,
  compressionOf,
  createPartitioner,
  isFullyAcknowledged,
  MAX_REQUEST_BYTES,
  toTopicMessages,
} from '../kafkajs/produce-request.js';
import type { TopicRecords } from '../kafkajs/topic-records.js';
import { type Batch, SendQueue } from './send-queue.js';

const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION';
/** A new topic may be unknown for a moment. A topic that stays unknown must not delay records of others. */
const UNKNOWN_TOPIC_ATTEMPTS = 4;

export interface RecordProducerOptions {
  /** Milliseconds from `send` until it fails, including the wait for buffer space. Default 30,000. */
  deliveryTimeoutMs?: number;
  /** Milliseconds to wait for the answer to one request. Default 10,000. */
  requestTimeoutMs?: number;
  /** Bytes of records in memory beyond which `send` waits before it accepts more. Default 32 MiB. */
  maxBufferedBytes?: number;
}

/** The position at which a record was written. */
export interface WrittenRecord {
  readonly partition: number;
  readonly offset: bigint;
  /** It was sent more than once, so an earlier offset may hold it too. */
  readonly repeated: boolean;
}

/**
 * Writes records with `acks=all`. Concurrent `send`s share the next request. One request is under way at a time, so
 * that the order of `send`s is the order in each partition.
 *
 * At least once: a request whose answer was lost is sent again, so readers must drop duplicates. kafkajs's
 * idempotence stays off on purpose: it lost acknowledged records in a test with dropped responses (see the README).
 */
export class RecordProducer {
  readonly #config: KafkaConfig;
  readonly #names: TopicNames;
  readonly #queue: SendQueue;
  readonly #requestTimeoutMs: number;
  #producer: Producer | undefined;
  #opening: Promise<Producer> | undefined;
  #pumping: Promise<void> | undefined;
  #connected = false;
  #closed = false;
  /** Records whose position is wanted, with the known part of it. */
  readonly #places = new Map<OutgoingRecord, { repeated: boolean; written?: WrittenRecord }>();

  constructor(config: KafkaConfig, options: RecordProducerOptions = {}) {
    this.#config = config;
    this.#names = new TopicNames(config);
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 10_000;
    this.#queue = new SendQueue({
      maxBatchBytes: MAX_REQUEST_BYTES,
      maxBufferedBytes: options.maxBufferedBytes ?? 32 * 1024 * 1024,
      deliveryTimeoutMs: options.deliveryTimeoutMs ?? 30_000,
    });
  }

  /** Whether the last contact with the brokers succeeded. */
  get connected(): boolean {
    return this.#connected;
  }

  /**
   * Connects. `send` connects by itself too, so a service may start without waiting for this.
   * @throws KafkaUnavailableError
   */
  async connect(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      throw toTransportError('connect', error);
    }
  }

  /**
   * Resolves when every in-sync replica has the records.
   *
   *
   * @throws KafkaUnavailableError after `deliveryTimeoutMs`, or sooner if the topic stays unknown: some of the
   *   records may have been written, so send them again
   * @throws KafkaRejectedError if Kafka refuses them (too large, not authorized); records of other calls are not
   *   affected
   */
  async send(records: OutgoingRecord[]): Promise<void> {
    if (this.#closed) throw new KafkaUnavailableError('The producer is closed');
    if (records.length === 0) return;
    const sent = this.#queue.add(records);
    this.#pumping ??= this.#pump();
    await sent;
  }

  /**
   * Like `send`, and returns the position of each record, in the given order.
   *
   *
   * @throws KafkaUnavailableError | KafkaRejectedError as `send`
   */
  async sendAndLocate(records: readonly OutgoingRecord[]): Promise<WrittenRecord[]> {
    // Copies: a position is looked up by the object, and a caller may send the same object twice.
    const copies = records.map((record) => ({ ...record }));
    for (const copy of copies) this.#places.set(copy, { repeated: false });
    try {
      await this.send(copies);
      return copies.map((copy) => {
        const written = this.#places.get(copy)?.written;
        if (!written) throw new Error('A record was acknowledged, but not its place');
        return written;
      });
    } finally {
      for (const copy of copies) this.#places.delete(copy);
    }
  }

  /** Sends all accepted records (within the delivery time-out), then disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#pumping) await this.#pumping;
    this.#connected = false;
    await this.#opening?.catch(() => undefined);
    await this.#producer?.disconnect().catch(() => undefined);
    this.#producer = undefined;
  }

  async #pump(): Promise<void> {
    // Lets `send`s of the same event-loop tick share the first request.
    await Promise.resolve();
    for (;;) {
      const batches = this.#queue.next();
      if (batches.length === 0) {
        // In the same tick as the check of the queue: a `send` in between would wait for a loop that has ended.
        this.#pumping = undefined;
        return;
      }
      await this.#deliver(batches);
    }
  }

  /**
   * Retries until the records are acknowledged or refused, or their time is up. It never throws: callers of `send`
   * get the outcomes.
   */
  async #deliver(batches: Batch[]): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#request(batches);
        for (const batch of batches) this.#queue.acknowledge(batch);
        return;
      } catch (error) {
        if (isPermanent(error) || (attempt >= UNKNOWN_TOPIC_ATTEMPTS && errorCode(error) === UNKNOWN_TOPIC)) {
          await this.#refused(batches, error);
          return;
        }
        this.#connected = false;
        this.#markRepeated(batches);
        const expired = this.#queue.expire(toTransportError('send', error));
        const waiting = batches.filter((batch) => !batch.entry.settled);
        this.#config.log?.warn(
          { attempt, records: countRecords(batches), expired, error: String(error) },
          'kafka: send failed, trying again',
        );
        if (waiting.length === 0) return;
        // The other batches continue with the same records in the same order.
        batches = waiting;
        await sleep(backoffMs(attempt, 50, 2_000));
      }
    }
  }

  /** A refused record must not fail the other `send`s of its request: each is sent again on its own. */
  async #refused(batches: Batch[], error: unknown): Promise<void> {
    if (batches.length === 1) {
      this.#queue.fail(batches[0]!, toTransportError('send', error));
      return;
    }
    for (const batch of batches) if (!batch.entry.settled) await this.#deliver([batch]);
  }

  async #request(batches: Batch[]): Promise<void> {
    const producer = await this.#open();
    const records = batches.length === 1 ? batches[0]!.records : batches.flatMap((batch) => batch.records);
    const topics = byTopic(records, this.#names);
    const answers = await producer.sendBatch({
      acks: -1,
      timeout: this.#requestTimeoutMs,
      compression: compressionOf(this.#config),
      topicMessages: toTopicMessages(topics),
    });
    if (!isFullyAcknowledged(topics, answers))
      throw new KafkaUnavailableError('Some partitions were not acknowledged');
    this.#connected = true;
    if (this.#places.size > 0) this.#locate(topics, answers);
  }

  #markRepeated(batches: Batch[]): void {
    if (this.#places.size === 0) return;
    for (const { records } of batches)
      for (const record of records) {
        const place = this.#places.get(record);
        if (place) place.repeated = true;
      }
  }

  #locate(topics: TopicRecords[], answers: RecordMetadata[]): void {
    const byName = new Map(topics.map((records) => [records.topic, records]));
    for (const { topicName, partition, baseOffset } of answers) {
      const topic = byName.get(topicName);
      if (!topic || baseOffset === undefined) continue;
      const first = BigInt(baseOffset);
      for (const [index, record] of topic.of(partition).entries()) {
        const place = this.#places.get(record);
        if (!place) continue;
        const repeated = place.repeated || topic.attempts > 1;
        place.written = { partition, offset: first + BigInt(index), repeated };
      }
    }
  }

  #open(): Promise<Producer> {
    if (this.#producer) return Promise.resolve(this.#producer);
    this.#opening ??= this.#create().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #create(): Promise<Producer> {
    const client = createClient(this.#config, {
      retries: 2,
      initialRetryTimeMs: 50,
      maxRetryTimeMs: 500,
      requestTimeoutMs: this.#requestTimeoutMs,
    });
    const producer = client.producer({
      createPartitioner,
      idempotent: false,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
    this.#producer = producer;
    this.#connected = true;
    return producer;
  }
}

function countRecords(batches: Batch[]): number {
  return batches.reduce((sum, batch) => sum + batch.records.length, 0);
}
