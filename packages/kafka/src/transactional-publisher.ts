import type { Producer } from 'kafkajs';
import { createClient, TopicNames } from './client.js';
import type { KafkaConfig, OutgoingRecord } from './config.js';
import { FencedError, isFencing, KafkaUnavailableError, toTransportError } from './errors.js';
import {
  byTopic,
  createPartitioner,
  cutIntoRequests,
  isFullyAcknowledged,
  toTopicMessages,
} from './produce-request.js';

export interface TransactionalPublisherOptions {
  /**
   * Milliseconds after which the coordinator aborts a transaction that its owner neither commits nor aborts. Until
   * then it holds up every reader of the partitions it wrote to. Default 15,000.
   */
  transactionTimeoutMs?: number;
  /** Milliseconds for one request to be answered. Default 10,000. */
  requestTimeoutMs?: number;
}

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
  readonly #options: Required<TransactionalPublisherOptions>;
  #producer: Producer | undefined;
  #state: State = 'closed';
  /** The work goes one after the other: a producer has one transaction. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: KafkaConfig, transactionalId: string, options: TransactionalPublisherOptions = {}) {
    this.#config = config;
    this.#names = new TopicNames(config);
    this.#transactionalId = (config.topicPrefix ?? '') + transactionalId;
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
      const producer = this.#createProducer();
      this.#producer = producer;
      try {
        await producer.connect();
        // kafkajs asks for the producer id at the first transaction; one without records costs no EndTxn.
        const transaction = await producer.transaction();
        await transaction.abort();
        this.#state = 'open';
      } catch (error) {
        await this.#discard();
        throw toTransportError(`open ${this.#transactionalId}`, error);
      }
    });
  }

  /**
   * Writes all records in one transaction, in their order, and resolves when it is committed.
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
      try {
        await this.#publishWith(producer, records);
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
    } catch (error) {
      // Otherwise readers would wait for the coordinator's time-out. A fenced owner has nothing to abort.
      if (!isFencing(error)) await transaction.abort().catch(() => undefined);
      throw error;
    }
    await transaction.commit();
  }

  #createProducer(): Producer {
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
      transactionalId: this.#transactionalId,
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
