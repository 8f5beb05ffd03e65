import { randomUUID } from 'node:crypto';
import { BatchConsumer, type KafkaConfig, type KafkaRecord, partitionKey } from '@subledger/kafka';

export interface TopicReaderOptions {
  /** Where to begin: offsets by `partitionKey`, or an end of the topic. Default: the beginning. */
  readonly from?: 'beginning' | 'end' | ReadonlyMap<string, bigint>;
  /** Takes the records, none of which is kept then: for more of them than memory has room for. */
  readonly onRecord?: (record: KafkaRecord) => void;
}

/** What waits take unless it is said: as long as `eventually`. */
const WITHIN_MS = 30_000;
/** How many of the last records a wait that failed tells of. */
const TOLD = 20;

interface Waiter {
  check(): boolean;
}

/** Reads a topic from the beginning or from now on, keeps the records, and waits for further ones. */
export class TopicReader {
  /** Everything read so far, in the order of each partition. */
  readonly records: KafkaRecord[] = [];
  readonly #consumer: BatchConsumer;
  readonly #waiters = new Set<Waiter>();
  readonly #values: unknown[] = [];

  private constructor(config: KafkaConfig, topic: string, options: TopicReaderOptions) {
    const { from = 'beginning', onRecord } = options;
    this.#consumer = new BatchConsumer(config, {
      // A group of its own that commits nothing leaves nothing behind.
      groupId: `topic-reader-${randomUUID()}`,
      topics: [topic],
      fromBeginning: from !== 'end',
      maxWaitTimeMs: 50,
      commit: 'manual',
      onAssigned: async (assigned) => {
        if (typeof from !== 'string') return new Map(from);
        const offsets = new Map<string, bigint>();
        for (const { topic: name, partition } of assigned) {
          const { low, high } = await this.#consumer.logRange(name, partition);
          offsets.set(partitionKey(name, partition), from === 'end' ? high : low);
        }
        return offsets;
      },
      onBatch: ({ records }) => {
        for (const record of records) {
          if (onRecord) onRecord(record);
          else this.records.push(record);
        }
        for (const waiter of this.#waiters) if (waiter.check()) this.#waiters.delete(waiter);
      },
    });
  }

  /** The values of `records` as JSON. @throws SyntaxError when one is none */
  // biome-ignore lint/suspicious/noExplicitAny: suites look into whatever is there
  get values(): any[] {
    for (const record of this.records.slice(this.#values.length)) this.#values.push(jsonOf(record));
    return [...this.#values];
  }

  /** Resolves when it reads: what is written from then on will be seen. */
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
   * @throws Error when there is none within `timeoutMs` (default 30,000)
   */
  async waitFor(predicate: (record: KafkaRecord) => boolean, timeoutMs = WITHIN_MS): Promise<KafkaRecord> {
    const found = await this.waitUntil(() => this.records.find(predicate), timeoutMs);
    return found as KafkaRecord;
  }

  /**
   * All values, once they are enough.
   *
   * @throws Error after `timeoutMs` (default 30,000)
   */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async until(isEnough: (values: any[]) => boolean, timeoutMs = WITHIN_MS): Promise<any[]> {
    return this.waitUntil(() => {
      const { values } = this;
      return isEnough(values) && values;
    }, timeoutMs);
  }

  /**
   * What `ask` gives once that is neither undefined nor false; it is asked after each batch.
   *
   * @throws Error after `timeoutMs` (default 30,000)
   */
  async waitUntil<Answer>(ask: () => Answer | undefined | false, timeoutMs = WITHIN_MS): Promise<Answer> {
    const ready = ask();
    if (ready !== undefined && ready !== false) return ready;
    return new Promise<Answer>((resolve, reject) => {
      const end = (settle: () => void): true => {
        clearTimeout(timer);
        settle();
        return true;
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`Not seen within ${timeoutMs} ms among ${this.#told()}`));
      }, timeoutMs);
      const waiter: Waiter = {
        check: () => {
          try {
            const answer = ask();
            return answer === undefined || answer === false ? false : end(() => resolve(answer));
          } catch (error) {
            // It belongs to whoever waits; the consumer would deliver its batch again.
            return end(() => reject(error));
          }
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** How many records there are, and which the last ones are. */
  #told(): string {
    const last = this.records.slice(-TOLD).map(({ key, value }) => {
      const type = /"(?:type|reason)":"([^"]*)"/.exec(String(value))?.[1];
      return type ?? String(key);
    });
    return `${this.records.length} records: ${last.join(', ')}`;
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
