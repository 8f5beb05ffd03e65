import { backoffMs } from '../backoff.js';
import type { KafkaLogger, KafkaRecord } from '../config.js';

/** Why a partition is not fetched at the moment. */
export type Hold =
  /** `onAssigned` has not finished. */
  | 'assigning'
  /** The application paused it. */
  | 'application'
  /** A handler failed; waiting before redelivery. */
  | 'backoff'
  /** The wanted offset is not in the log; waiting for `seek`. */
  | 'out-of-range'
  /** One batch is running and one is waiting, which is enough. */
  | 'full';

export interface FeedBatch {
  records: KafkaRecord[];
  highWatermark: bigint;
  /** Offset that was requested. */
  from: bigint;
  /** Offset to continue from after the batch. It may lie behind control records, which are not among the records. */
  next: bigint;
}

export interface FeedPorts {
  deliver(batch: FeedBatch): Promise<void>;
  /** Called when a delivered batch is done, unless the partition was lost or sought meanwhile. */
  done(next: bigint): void;
  pause(): void;
  resume(): void;
  seek(offset: bigint): void;
  /** Counts the fetch requests, to recognize batches that were requested before a seek. */
  fetchRound(): number;
  log: KafkaLogger | undefined;
}

const BACKOFF_BASE_MS = 100;
const BACKOFF_MAX_MS = 10_000;
/** Two batches of this size are still small for memory and for a handler. */
const SMALL_RECORDS = 50;
const SMALL_BYTES = 64 * 1024;
const MISMATCHES_BEFORE_WARNING = 3;

/**
 * One partition that this member has: a running batch, a waiting batch, the position, and the reasons why fetching is
 * stopped. kafkajs fetches all partitions in one loop that waits for every handler of a round. So no handler may run
 * inside that loop. They run here instead.
 */
export class PartitionFeed {
  readonly topic: string;
  readonly partition: number;
  /** Whether `onAssigned` was called for it. Only then is `onRevoked`. */
  announced = false;
  readonly #ports: FeedPorts;
  readonly #holds = new Set<Hold>();
  #waiting: FeedBatch[] = [];
  #busy = false;
  #running: Promise<void> = Promise.resolve();
  #runningSinceMs: number | undefined;
  #position: bigint | undefined;
  /** Raised by each seek. Handlers that started before it no longer move the position. */
  #epoch = 0;
  #seekRound = -1;
  #failures = 0;
  #mismatches = 0;
  #draining = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(topic: string, partition: number, ports: FeedPorts) {
    this.topic = topic;
    this.partition = partition;
    this.#ports = ports;
  }

  /** The offset to fetch next. It is undefined until known: then it is the group's committed one. */
  get position(): bigint | undefined {
    return this.#position;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Milliseconds for which the current handler has been running, or 0 without one. */
  get runningMs(): number {
    return this.#runningSinceMs === undefined ? 0 : performance.now() - this.#runningSinceMs;
  }

  hold(reason: Hold): void {
    if (this.#closed) return;
    if (this.#holds.size === 0) this.#ports.pause();
    this.#holds.add(reason);
  }

  release(reason: Hold): void {
    if (!this.#holds.delete(reason) || this.#closed) return;
    if (this.#holds.size === 0) this.#ports.resume();
    this.#work();
  }

  /** Sets position and pause in kafkajs again, because a join resets them. */
  restore(): void {
    this.#draining = false;
    if (this.#holds.size > 0) this.#ports.pause();
    if (this.#position !== undefined) this.#kafkaSeek(this.#position);
    this.#work();
  }

  seek(offset: bigint): void {
    if (this.#closed) return;
    this.#epoch += 1;
    this.#waiting = [];
    this.#failures = 0;
    this.#position = offset;
    this.#kafkaSeek(offset);
    clearTimeout(this.#timer);
    this.release('backoff');
    this.release('full');
    this.release('out-of-range');
  }

  /** @returns whether the batch was taken; if not, kafkajs must not count it as read */
  accept(batch: FeedBatch): boolean {
    if (this.#closed || this.#holds.size > 0) return false;
    if (this.#position !== undefined && batch.from !== this.#position) {
      this.#mismatch(batch.from, this.#position);
      return false;
    }
    this.#mismatches = 0;
    this.#position = batch.next;
    this.#wait(batch);
    this.#work();
    const waiting = this.#waiting.at(-1);
    if (this.#busy && waiting && !isSmall(waiting)) this.hold('full');
    return true;
  }

  /** A small batch joins the waiting one, so that a trickle of records does not stop fetching. */
  #wait(batch: FeedBatch): void {
    const last = this.#waiting.at(-1);
    if (last && isSmall(last) && isSmall(batch)) {
      this.#waiting[this.#waiting.length - 1] = {
        records: [...last.records, ...batch.records],
        highWatermark: batch.highWatermark,
        from: last.from,
        next: batch.next,
      };
    } else {
      this.#waiting.push(batch);
    }
  }

  /** kafkajs skipped a batch that contains only control records or aborted records. */
  skip(next: bigint): void {
    if (this.#position === undefined || this.#ports.fetchRound() === this.#seekRound) return;
    if (next > this.#position) this.#position = next;
  }

  /** kafkajs dropped the position and starts from the log's beginning or end, unless `hold` prevents it. */
  forgetPosition(): void {
    this.#epoch += 1;
    this.#waiting = [];
    this.#position = undefined;
    this.release('full');
  }

  /** Starts no further batch and waits for the running one. `restore` starts delivery again. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#running;
  }

  /** The partition is lost. A running handler finishes, but does not move the position. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    clearTimeout(this.#timer);
  }

  #kafkaSeek(offset: bigint): void {
    this.#seekRound = this.#ports.fetchRound();
    this.#ports.seek(offset);
  }

  #mismatch(got: bigint, wanted: bigint): void {
    // It was requested before the seek. kafkajs seeks in the next round, so this is not an error.
    if (this.#ports.fetchRound() === this.#seekRound) return;
    this.#mismatches += 1;
    if (this.#mismatches === MISMATCHES_BEFORE_WARNING) {
      const { topic, partition } = this;
      this.#ports.log?.warn(
        { topic, partition, got: String(got), wanted: String(wanted) },
        'kafka: fetched from another offset',
      );
    }
    this.#kafkaSeek(wanted);
  }

  #mayStart(): boolean {
    if (this.#closed || this.#draining || this.#waiting.length === 0) return false;
    for (const hold of this.#holds) if (hold !== 'full') return false;
    return true;
  }

  #work(): void {
    if (this.#busy || !this.#mayStart()) return;
    this.#busy = true;
    this.#running = this.#run().finally(() => {
      this.#busy = false;
      this.#runningSinceMs = undefined;
      this.#work();
    });
  }

  async #run(): Promise<void> {
    while (this.#mayStart()) {
      const batch = this.#waiting.shift()!;
      const epoch = this.#epoch;
      this.#runningSinceMs = performance.now();
      // The waiting place is free: fetch the next batch while this one is running.
      this.release('full');
      try {
        await this.#ports.deliver(batch);
        if (this.#epoch !== epoch || this.#closed) continue;
        this.#failures = 0;
        this.#ports.done(batch.next);
      } catch (error) {
        if (this.#epoch === epoch && !this.#closed) this.#retry(batch, error);
      }
    }
  }

  #retry(batch: FeedBatch, error: unknown): void {
    const { topic, partition } = this;
    const delayMs = backoffMs(this.#failures, BACKOFF_BASE_MS, BACKOFF_MAX_MS);
    this.#failures += 1;
    this.#ports.log?.error(
      { topic, partition, from: String(batch.from), failures: this.#failures, delayMs, err: error },
      'kafka: batch failed, will be delivered again',
    );
    // Drops its records and later ones from memory and fetches them again, so that a long outage costs no memory.
    this.hold('backoff');
    this.#epoch += 1;
    this.#waiting = [];
    this.#position = batch.from;
    this.#kafkaSeek(batch.from);
    this.release('full');
    this.#timer = setTimeout(() => this.release('backoff'), delayMs);
  }
}

function isSmall({ records }: FeedBatch): boolean {
  if (records.length > SMALL_RECORDS) return false;
  return records.reduce((bytes, { value }) => bytes + (value?.length ?? 0), 0) <= SMALL_BYTES;
}
