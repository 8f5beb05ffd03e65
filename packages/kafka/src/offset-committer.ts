import { type KafkaLogger, partitionKey } from './config.js';

export interface OffsetToCommit {
  topic: string;
  partition: number;
  offset: bigint;
}

const RETRY_MS = 5_000;

/**
 * Commits the newest offset per partition, one request at a time: whatever is done while one is under way goes with
 * the next. Never throws; what could not be committed is tried again with the next one, or after a while.
 */
export class OffsetCommitter {
  readonly #commit: (offsets: OffsetToCommit[]) => Promise<void>;
  readonly #log: KafkaLogger | undefined;
  #pending = new Map<string, OffsetToCommit>();
  #flushing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(commit: (offsets: OffsetToCommit[]) => Promise<void>, log: KafkaLogger | undefined) {
    this.#commit = commit;
    this.#log = log;
  }

  add(offset: OffsetToCommit): void {
    this.#pending.set(partitionKey(offset.topic, offset.partition), offset);
    void this.flush();
  }

  /** Forgets a partition that was lost: committing it would overwrite what its new owner commits. */
  forget(topic: string, partition: number): void {
    this.#pending.delete(partitionKey(topic, partition));
  }

  /** Resolves when everything is committed, or could not be. */
  flush(): Promise<void> {
    this.#flushing ??= this.#run().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #run(): Promise<void> {
    // A turn of the event loop, so that the partitions of one fetch share a request.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.size > 0) {
      const offsets = [...this.#pending.values()];
      this.#pending = new Map();
      try {
        await this.#commit(offsets);
      } catch (error) {
        this.#log?.warn({ error: String(error), partitions: offsets.length }, 'kafka: offset commit failed');
        this.#putBack(offsets);
        return;
      }
    }
  }

  /** Nothing more will be committed. */
  close(): void {
    clearTimeout(this.#retry);
    this.#pending.clear();
  }

  #putBack(offsets: OffsetToCommit[]): void {
    for (const offset of offsets) {
      const key = partitionKey(offset.topic, offset.partition);
      if (!this.#pending.has(key)) this.#pending.set(key, offset);
    }
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.flush(), RETRY_MS).unref();
  }
}
