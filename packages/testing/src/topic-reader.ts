import { randomUUID } from 'node:crypto';
import { BatchConsumer, type KafkaConfig, type KafkaRecord, partitionKey } from '@subledger/kafka';

export interface TopicReaderOptions {
  /** Where to begin. Default: the beginning. */
  readonly from?: 'beginning' | 'end';
  /** Keeps only these records. Default: all. */
  readonly keep?: (record: KafkaRecord) => boolean;
}

interface Waiter {
  check(): boolean;
}

/** Reads a topic from the beginning or from now on, keeps the records, and waits for further ones. */
export class TopicReader {
  /** Everything read so far, in the order of each partition. */
  readonly records: KafkaRecord[] = [];
  readonly #consumer: BatchConsumer;
  readonly #waiters = new Set<Waiter>();

  private constructor(config: KafkaConfig, topic: string, options: TopicReaderOptions) {
    const fromEnd = options.from === 'end';
    this.#consumer = new BatchConsumer(config, {
      // A group of its own that commits nothing leaves nothing behind.
      groupId: `topic-reader-${randomUUID()}`,
      topics: [topic],
      fromBeginning: !fromEnd,
      maxWaitTimeMs: 50,
      commit: 'manual',
      onAssigned: async (assigned) => {
        const offsets = new Map<string, bigint>();
        for (const { topic: name, partition } of assigned) {
          const { low, high } = await this.#consumer.logRange(name, partition);
          offsets.set(partitionKey(name, partition), fromEnd ? high : low);
        }
        return offsets;
      },
      onBatch: ({ records }) => {
        this.records.push(...(options.keep ? records.filter(options.keep) : records));
        for (const waiter of this.#waiters) if (waiter.check()) this.#waiters.delete(waiter);
      },
    });
  }

  /** Resolves when it is reading: it sees all later records. */
  static async open(
    config: KafkaConfig,
    topic: string,
    options: TopicReaderOptions = {},
  ): Promise<TopicReader> {
    const reader = new TopicReader(config, topic, options);
    await reader.#consumer.start();
    return reader;
  }

  /**
   * The first record, already read or future, that fulfils the condition.
   *
   *
   * @throws Error if there is none within `timeoutMs` (default 10,000)
   */
  async waitFor(predicate: (record: KafkaRecord) => boolean, timeoutMs = 10_000): Promise<KafkaRecord> {
    const found = await this.waitUntil(() => this.records.find(predicate), timeoutMs);
    return found as KafkaRecord;
  }

  /**
   * The result of `ask` once it is neither undefined nor false. It is called after each batch.
   *
   *
   * @throws Error after `timeoutMs` (default 10,000)
   */
  async waitUntil<Answer>(ask: () => Answer | undefined | false, timeoutMs = 10_000): Promise<Answer> {
    const ready = ask();
    if (ready !== undefined && ready !== false) return ready;
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`Not seen within ${timeoutMs} ms among ${this.records.length} records`));
      }, timeoutMs);
      const waiter: Waiter = {
        check: () => {
          const answer = ask();
          if (answer === undefined || answer === false) return false;
          clearTimeout(timer);
          resolve(answer);
          return true;
        },
      };
      this.#waiters.add(waiter);
    });
  }

  close(): Promise<void> {
    return this.#consumer.stop();
  }
}

/**
 * The JSON value of a record.
 * @throws SyntaxError if it is not JSON
 */
export function jsonOf<Value = unknown>(record: Pick<KafkaRecord, 'value'>): Value {
  return JSON.parse(record.value?.toString('utf8') ?? 'null') as Value;
}
