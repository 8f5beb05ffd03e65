import type { Producer, Transaction } from 'kafkajs';
import type { KafkaConfig, OutgoingRecord } from '../config.js';
import { FencedError, isFencing, KafkaUnavailableError, toTransportError } from '../errors.js';
import { createClient, TopicNames } from '../kafkajs/client.js';
import { asNonTransactional } from '../kafkajs/plain-producer.js';
import {
  byTopic,
  compressionOf,
  createPartitioner,
  cutIntoRequests,
  isFullyAcknowledged,
  toTopicMessages,
} from '../kafkajs/produce-request.js';
import { partitionFor } from '../murmur2.js';

export interface TransactionalPublisherOptions {
  /**
   * Milliseconds after which the coordinator aborts a transaction that its owner neither commits nor aborts. Until
   * then, it blocks every reader of the partitions that it wrote to. Default 15,000.
   */
  transactionTimeoutMs?: number;
  /** Milliseconds to wait for the answer to one request. Default 10,000. */
  requestTimeoutMs?: number;
  /**
   * The topics to write to. With them, `open` makes each of their partitions refuse older owners, and `publish`
   * writes outside of transactions: this takes a third of the requests, but readers may see a part of a set while the
   * rest is under way. Without them, every set is a transaction (docs/decisions/0007).
   */
  fences?: readonly FencedTopic[];
}

/**
 * A topic of a publisher, with all partitions that it may write to. A record's key chooses among these only. The
 * topic may have more partitions by now, but those are not fenced, and their readers do not look for the key.
 */
export interface FencedTopic {
  readonly topic: string;
  readonly partitions: readonly number[];
  /** The topic is rarely written to. The first attempt to write fails, and only the next `open` fences it. */
  readonly onDemand?: boolean;
}

/** Key of the aborted records. A compacted topic accepts no records without a key. */
const FENCE_KEY = 'fence';
const MAX_OPEN_MS = 12 * 3_600_000;

type State = 'closed' | 'open' | 'broken' | 'fenced';

/**
 * Publishes sets of records as the one owner of a transactional id. `read_committed` readers see a set completely or
 * not at all. `open` fences every older owner, whose next `publish` throws FencedError (docs/decisions/0007).
 *
 * It never re-opens by itself, because that would fence an owner that has taken over meanwhile. After any error,
 * including FencedError, the caller must check that it is still the owner (in the ledger by the lane's epoch in
 * PostgreSQL), call `open` again, and publish the unconfirmed records again.
 */
export class TransactionalPublisher {
  readonly #config: KafkaConfig;
  readonly #names: TopicNames;
  readonly #transactionalId: string;
  readonly #options: Required<Omit<TransactionalPublisherOptions, 'fences'>>;
  readonly #fences: readonly FencedTopic[] | undefined;
  /** Topics that the next `open` fences. */
  readonly #wanted: Set<string>;
  #openedAt = 0;
  #producer: Producer | undefined;
  #state: State = 'closed';
  /** The last call. Calls run one after the other, because a producer has only one transaction. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: KafkaConfig, transactionalId: string, options: TransactionalPublisherOptions = {}) {
    this.#config = config;
    this.#names = new TopicNames(config);
    this.#transactionalId = (config.topicPrefix ?? '') + transactionalId;
    this.#fences = options.fences;
    this.#wanted = new Set(options.fences?.filter(({ onDemand }) => !onDemand).map(({ topic }) => topic));
    this.#options = {
      transactionTimeoutMs: options.transactionTimeoutMs ?? 15_000,
      requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    };
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /**
   * Becomes the owner: aborts a transaction that an older owner left open, and fences that owner.
   * @throws KafkaUnavailableError
   */
  async open(): Promise<void> {
    await this.#enqueue(async () => {
      await this.#discard();
      try {
        if (this.#fences) await this.#fence(this.#fences);
        const id = this.#fences ? asNonTransactional(this.#transactionalId) : this.#transactionalId;
        const producer = this.#createProducer(id);
        this.#producer = producer;
        await producer.connect();
        // kafkajs requests the producer id with the first transaction. A transaction without records needs no EndTxn.
        // The coordinator gives a new epoch only after the markers of the previous transaction are written.
        const transaction = await producer.transaction();
        await transaction.abort();
        this.#openedAt = Date.now();
        this.#state = 'open';
      } catch (error) {
        await this.#discard();
        throw toTransportError(`open ${this.#transactionalId}`, error);
      }
    });
  }

  /** Shows a new epoch to the partitions, by the markers of an aborted transaction that readers never see. */
  async #fence(fences: readonly FencedTopic[]): Promise<void> {
    const fencer = this.#createProducer(this.#transactionalId);
    try {
      await fencer.connect();
      const transaction = await fencer.transaction();
      const wanted = fences.filter(({ topic }) => this.#wanted.has(topic));
      const records = wanted.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition, key: FENCE_KEY, value: null })),
      );
      try {
        await this.#sendAll(transaction, records);
      } finally {
        await transaction.abort();
      }
    } finally {
      await fencer.disconnect().catch(() => undefined);
    }
  }

  /**
   * Writes all records in order, and resolves when they are written: in one transaction, or outside of transactions
   * if there are `fences`.
   *
   *
   * @throws FencedError a newer owner exists; nothing was published
   * @throws KafkaUnavailableError the outcome is unknown (if the commit was sent, the records may be visible)
   * @throws KafkaRejectedError nothing was published, and the same records would be refused again
   */
  async publish(records: OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#enqueue(async () => {
      if (this.#state === 'fenced') throw new FencedError(`${this.#transactionalId} has a newer owner`);
      const producer = this.#producer;
      if (this.#state !== 'open' || !producer)
        throw new KafkaUnavailableError(`${this.#transactionalId} is not open (${this.#state})`);
      if (this.#fences) this.#assertFenced(this.#fences, records);
      try {
        await this.#publishWith(producer, this.#fences ? placed(records, this.#fences) : records);
      } catch (error) {
        // kafkajs takes back the sequence numbers of a failed request, although the broker may have used them. The
        // next batch would then count as a duplicate and be dropped. So a failure requires a new producer id, by
        // `open`.
        this.#state = isFencing(error) ? 'fenced' : 'broken';
        await this.#dropConnection();
        throw toTransportError(`publish as ${this.#transactionalId}`, error);
      }
    });
  }

  async close(): Promise<void> {
    await this.#enqueue(() => this.#discard());
  }

  async #publishWith(producer: Producer, records: OutgoingRecord[]): Promise<void> {
    const transaction = await producer.transaction();
    try {
      await this.#sendAll(transaction, records);
    } catch (error) {
      // Otherwise readers wait for the coordinator's time-out. A fenced owner has no transaction to abort.
      if (!isFencing(error)) await transaction.abort().catch(() => undefined);
      throw error;
    }
    await transaction.commit();
  }

  async #sendAll(transaction: Transaction, records: OutgoingRecord[]): Promise<void> {
    for (const chunk of cutIntoRequests(records)) {
      const topics = byTopic(chunk, this.#names);
      const answers = await transaction.sendBatch({
        acks: -1,
        timeout: this.#options.requestTimeoutMs,
        compression: compressionOf(this.#config),
        topicMessages: toTopicMessages(topics),
      });
      if (!isFullyAcknowledged(topics, answers))
        throw new KafkaUnavailableError('Some partitions were not acknowledged');
    }
  }

  /**
   * Records outside of transactions may only go to partitions that know this owner's epoch. The next `open` fences a
   * topic that is fenced on demand: the caller checks that it is still the owner and opens again, as after any
   * failure. It also does so twice a day, because brokers forget epochs after a day without a write, and
   * transactional ids after a week.
   */
  #assertFenced(fences: readonly FencedTopic[], records: readonly OutgoingRecord[]): void {
    const other = records.find(({ topic }) => !this.#wanted.has(topic))?.topic;
    if (other === undefined && Date.now() - this.#openedAt < MAX_OPEN_MS) return;
    if (other !== undefined && !fences.some(({ topic }) => topic === other))
      throw new RangeError(`${this.#transactionalId} does not write to ${other}`);
    this.#state = 'broken';
    if (other !== undefined) this.#wanted.add(other);
    throw new KafkaUnavailableError(`${this.#transactionalId} is to be opened anew`);
  }

  #createProducer(transactionalId: string): Producer {
    const client = createClient(this.#config, {
      retries: 12,
      // If the coordinator is busy and kafkajs must retry (see transaction-coordinator.ts), it must not take 300 ms
      // each time.
      initialRetryTimeMs: 10,
      maxRetryTimeMs: 500,
      requestTimeoutMs: this.#options.requestTimeoutMs,
    });
    return client.producer({
      createPartitioner,
      idempotent: true,
      maxInFlightRequests: 1,
      transactionalId,
      transactionTimeout: this.#options.transactionTimeoutMs,
      allowAutoTopicCreation: false,
    });
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #discard(): Promise<void> {
    this.#state = 'closed';
    await this.#dropConnection();
  }

  async #dropConnection(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect().catch(() => undefined);
  }
}

function placed(records: readonly OutgoingRecord[], fences: readonly FencedTopic[]): OutgoingRecord[] {
  const partitionsOf = new Map(fences.map(({ topic, partitions }) => [topic, partitions]));
  return records.map((record) => {
    const partitions = partitionsOf.get(record.topic);
    if (record.partition !== undefined || record.key === null || !partitions) return record;
    return { ...record, partition: partitions[partitionFor(record.key, partitions.length)]! };
  });
}
