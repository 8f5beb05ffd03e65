import type { Producer, Transaction } from 'kafkajs';
import type { KafkaConfig, OutgoingRecord } from '../config.js';
import { FencedError, isFencing, KafkaUnavailableError, toTransportError } from '../errors.js';
import { createClient, TopicNames } from '../kafkajs/client.js';
import { asPlain } from '../kafkajs/plain-producer.js';
import {
  byTopic,
  createPartitioner,
  cutIntoRequests,
  isFullyAcknowledged,
  toTopicMessages,
} from '../kafkajs/produce-request.js';
import { partitionFor } from '../murmur2.js';

export interface TransactionalPublisherOptions {
  /**
   * Milliseconds after which the coordinator aborts a transaction that its owner neither commits nor aborts. Until
   * then it holds up every reader of the partitions it wrote to. Default 15,000.
   */
  transactionTimeoutMs?: number;
  /** Milliseconds for one request to be answered. Default 10,000. */
  requestTimeoutMs?: number;
  /**
   * The topics that will be written to. Given them, `open` makes each of their partitions refuse older owners, and
   * `publish` writes outside of transactions: a third of the requests, and readers may see part of a set while the
   * rest is under way. Without them every set is a transaction.
   */
  fences?: readonly FencedTopic[];
}

/**
 * A topic that a publisher writes to, and all partitions of it that it may. A record's key decides among these alone: a
 * topic may have been given more since, which are not fenced, and where its readers do not look for the key.
 */
export interface FencedTopic {
  readonly topic: string;
  readonly partitions: readonly number[];
  /** Hardly ever written to: fenced only by the `open` after the first attempt to, which fails. */
  readonly onDemand?: boolean;
}

/** Key of the records that are aborted; a compacted topic takes none without a key. */
const FENCE_KEY = 'fence';
const MAX_OPEN_MS = 12 * 3_600_000;

type State = 'closed' | 'open' | 'broken' | 'fenced';

/**
 * Publishes sets of records that readers (`read_committed`) see whole or not at all, as the one owner of a
 * transactional id: `open` fences every older owner, whose next `publish` throws FencedError.
 *
 * It never re-opens by itself: that would fence the owner that may have taken over meanwhile. After any error the
 * caller makes sure that it still is the owner (the ledger: the lane's epoch in PostgreSQL), calls `open` again, and
 * publishes again what is not known to be out. The same after a FencedError, if the lease turns out to be the caller's.
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
  /** The work goes one after the other: a producer has one transaction. */
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
   * Becomes the owner: aborts a transaction that an older owner left open and fences that owner.
   * @throws KafkaUnavailableError
   */
  async open(): Promise<void> {
    await this.#enqueue(async () => {
      await this.#discard();
      try {
        if (this.#fences) await this.#fence(this.#fences);
        const id = this.#fences ? asPlain(this.#transactionalId) : this.#transactionalId;
        const producer = this.#createProducer(id);
        this.#producer = producer;
        await producer.connect();
        // kafkajs asks for the producer id at the first transaction; one without records costs no EndTxn. The
        // coordinator gives a new epoch only when the markers of the transaction before are written.
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

  /** Makes the partitions see a new epoch: the markers of a transaction that readers never see anything of. */
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
   * Writes all records, in their order, and resolves when they are: in one transaction, or, with `fences`, plainly.
   *
   * @throws FencedError a newer owner exists; nothing was published
   * @throws KafkaUnavailableError the outcome is unknown (if the commit went out, the records may be visible)
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
        // kafkajs takes back the sequence numbers of a failed request although the broker may have used them; the
        // next batch would then pass for a duplicate and vanish. So: a new producer id, by `open`, or nothing.
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
      // Otherwise readers would wait for the coordinator's time-out. A fenced owner has nothing to abort.
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
        topicMessages: toTopicMessages(topics),
      });
      if (!isFullyAcknowledged(topics, answers))
        throw new KafkaUnavailableError('Some partitions were not acknowledged');
    }
  }

  /**
   * What is written plainly must go where a later owner's epoch would be seen. A topic that is fenced on demand is
   * fenced by the next `open`: the caller makes sure that it still is the owner and opens again, as after any failure.
   * So it does twice a day: brokers forget epochs after a day without a write, and transactional ids after a week.
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
      // What a busy coordinator is left to kafkajs with (see transaction-coordinator.ts) must not cost 300 ms each.
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
