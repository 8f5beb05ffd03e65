import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../backoff.js';
import { type KafkaLogger, partitionKey, type TopicPartition } from '../config.js';
import type { BatchConsumerOptions } from './consumer-options.js';
import type { PartitionFeed } from './partition-feed.js';

const RETRY_BASE_MS = 200;
const RETRY_MAX_MS = 10_000;

/** Calls the application for each loss and gain of partitions, one after the other, and starts the gained ones. */
export class AssignmentAnnouncer {
  readonly #options: Pick<BatchConsumerOptions, 'onAssigned' | 'onRevoked'>;
  readonly #stopping: AbortSignal;
  readonly #log: KafkaLogger | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(
    options: Pick<BatchConsumerOptions, 'onAssigned' | 'onRevoked'>,
    stopping: AbortSignal,
    log: KafkaLogger | undefined,
  ) {
    this.#options = options;
    this.#stopping = stopping;
    this.#log = log;
  }

  /** Resolves when all changes so far have been announced. Never rejects. */
  get settled(): Promise<void> {
    return this.#last;
  }

  announce(lost: PartitionFeed[], gained: PartitionFeed[]): void {
    this.#last = this.#last.then(async () => {
      await this.#revoke(lost.filter((feed) => feed.announced));
      await this.#assign(gained);
    });
  }

  async #revoke(lost: PartitionFeed[]): Promise<void> {
    if (lost.length === 0) return;
    try {
      await this.#options.onRevoked?.(lost.map(toTopicPartition));
    } catch (error) {
      this.#log?.error({ err: error }, 'kafka: onRevoked failed');
    }
  }

  /** Repeats until it succeeds, and leaves out partitions that are lost again meanwhile. */
  async #assign(gained: PartitionFeed[]): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const current = gained.filter((feed) => !feed.closed);
      if (current.length === 0 || this.#stopping.aborted) return;
      for (const feed of current) feed.announced = true;
      try {
        const offsets = await this.#options.onAssigned?.(current.map(toTopicPartition));
        for (const feed of current) {
          const offset = offsets?.get(partitionKey(feed.topic, feed.partition));
          if (offset !== undefined) feed.seek(offset);
          feed.release('assigning');
        }
        return;
      } catch (error) {
        const delayMs = backoffMs(attempt, RETRY_BASE_MS, RETRY_MAX_MS);
        this.#log?.error({ err: error, attempt, delayMs }, 'kafka: onAssigned failed, trying again');
        await sleep(delayMs, undefined, { signal: this.#stopping }).catch(() => undefined);
      }
    }
  }
}

function toTopicPartition({ topic, partition }: PartitionFeed): TopicPartition {
  return { topic, partition };
}
