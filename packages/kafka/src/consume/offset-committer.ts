import { type KafkaLogger, partitionKey } from '../config.js';

export interface OffsetToCommit {
  topic: string;
  partition: number;
  offset: bigint;
}

const RETRY_MS = 5_000;

/**
 * A request for each batch would be as many as the batches' own, and saves nothing: whoever reads on after a crash reads
 * a moment's records once more, which may happen anyway.
 */
const PAUSE_MS = 200;

/**
 * Commits the newest offset per partition, one request at a time and with a pause after it: whatever is done meanwhile
 * goes with the next. Never throws; what could not be committed is tried again after a while.
 */
export class OffsetCommitter {
  readonly #commit: (offsets: OffsetToCommit[]) => Promise<void>;
  readonly #log: KafkaLogger | undefined;
  #pending = new Map<string, OffsetToCommit>();
  /** What the request under way holds, of partitions that are still ours. */
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

  /** Forgets a partition that was lost: committing it would overwrite what its new owner commits. */
  forget(topic: string, partition: number): void {
    this.#pending.delete(partitionKey(topic, partition));
    this.#underWay.delete(partitionKey(topic, partition));
  }

  /** Now, without the pause. Resolves when everything is committed, or could not be. */
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
    // A turn of the event loop, so that the partitions of one fetch share a request.
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

  /** Nothing more will be committed. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    this.#pending.clear();
  }

  #putBack(): void {
    for (const [key, offset] of this.#underWay) if (!this.#pending.has(key)) this.#pending.set(key, offset);
  }
}
