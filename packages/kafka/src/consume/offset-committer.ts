import { type KafkaLogger, partitionKey } from '../config.js';

export interface OffsetToCommit {
  topic: string;
  partition: number;
  offset: bigint;
}

const RETRY_MS = 5_000;

/**
 * A commit per batch would be as many requests as the batches themselves. It would save nothing: after a crash a
 * reader gets the last moment's records again, which may happen anyway.
 */
const PAUSE_MS = 200;

/**
 * Commits the newest offset per partition, one request at a time with a pause after it. Offsets that come meanwhile
 * share the next request. It never throws: a failed commit is repeated later.
 */
export class OffsetCommitter {
  readonly #commit: (offsets: OffsetToCommit[]) => Promise<void>;
  readonly #log: KafkaLogger | undefined;
  #pending = new Map<string, OffsetToCommit>();
  /** Offsets in the request under way, of partitions that are still ours. */
  #underWay = new Map<string, OffsetToCommit>();
  #flushing: Promise<void> | undefined;
  #pause: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(commit: (offsets: OffsetToCommit[]) => Promise<void>, log: KafkaLogger | undefined) {
    this.#commit = commit;
    this.#log = log;
  }

  add(offset: OffsetToCommit): void {
    this.#pending.set(partitionKey(offset.topic, offset.partition), offset);
    if (this.#pause === undefined) void this.flush();
  }

  /** Forgets a lost partition: a commit would overwrite that of its new owner. */
  forget(topic: string, partition: number): void {
    this.#pending.delete(partitionKey(topic, partition));
    this.#underWay.delete(partitionKey(topic, partition));
  }

  /** Commits now, without the pause. Resolves when everything is committed or the attempt failed. */
  flush(): Promise<void> {
    this.#flushing ??= this.#run().then((isDone) => {
      this.#flushing = undefined;
      this.#rest(isDone ? PAUSE_MS : RETRY_MS);
    });
    return this.#flushing;
  }

  #rest(ms: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#pending.size > 0) void this.flush();
    }, ms).unref();
  }

  /** @returns whether nothing is left */
  async #run(): Promise<boolean> {
    // Yields to the event loop, so that the partitions of one fetch share a request.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.size > 0) {
      const offsets = [...this.#pending.values()];
      this.#underWay = this.#pending;
      this.#pending = new Map();
      try {
        await this.#commit(offsets);
      } catch (error) {
        this.#log?.warn({ error: String(error), partitions: offsets.length }, 'kafka: offset commit failed');
        this.#putBack();
        return false;
      }
    }
    return true;
  }

  /** Stops committing. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    this.#pending.clear();
  }

  #putBack(): void {
    for (const [key, offset] of this.#underWay) if (!this.#pending.has(key)) this.#pending.set(key, offset);
  }
}
