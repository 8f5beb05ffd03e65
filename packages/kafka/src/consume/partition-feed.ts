import { backoffMs } from '../backoff.js';
import type { KafkaLogger, KafkaRecord } from '../config.js';

/** Why nothing is fetched from a partition for now. */
export type Hold =
  /** `onAssigned` has not finished. */
  | 'assigning'
  /** The application paused it. */
  | 'application'
  /** A handler failed; waiting before redelivery. */
  | 'backoff'
  /** The wanted offset is not in the log; waiting for `seek`. */
  | 'out-of-range'
  /** One batch is in work and one waits: enough. */
  | 'full';

export interface FeedBatch {
  records: KafkaRecord[];
  highWatermark: bigint;
  /** Offset that was asked for. */
  from: bigint;
  /** Offset to go on from after it; behind control records that the records do not show. */
  next: bigint;
}

export interface FeedPorts {
  deliver(batch: FeedBatch): Promise<void>;
  /** Called when a delivered batch is done, unless the partition was lost or sought elsewhere meanwhile. */
  done(next: bigint): void;
  pause(): void;
  resume(): void;
  seek(offset: bigint): void;
  /** Counts the fetch requests so far; tells batches that were asked for before a seek. */
  fetchRound(): number;
  log: KafkaLogger | undefined;
}

const BACKOFF_BASE_MS = 100;
const BACKOFF_MAX_MS = 10_000;
/** Two of them together are still little to have in memory, and little work for a handler. */
const SMALL_RECORDS = 50;
const SMALL_BYTES = 64 * 1024;
const MISMATCHES_BEFORE_WARNING = 3;

/**
 * One partition while this member has it: one batch in work, one waiting behind it, the position, and the reasons for
 * which it is held. kafkajs fetches for all partitions in one loop that waits for every handler of a round, so no
 * handler may run inside that loop; this is what they run in instead.
 */
export class PartitionFeed {
  readonly topic: string;
  readonly partition: number;
  /** Whether `onAssigned` was told of it; only then is `onRevoked`. */
  announced = false;
  readonly #ports: FeedPorts;
  readonly #holds = new Set<Hold>();
  #waiting: FeedBatch[] = [];
  #busy = false;
  #running: Promise<void> = Promise.resolve();
  #runningSinceMs: number | undefined;
  #position: bigint | undefined;
  /** Raised by each seek: what runs from before it no longer moves the position. */
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

  /** The offset that is fetched next; undefined until known (it is the group's committed one). */
  get position(): bigint | undefined {
    return this.#position;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Milliseconds for which the handler in work has been running; 0 if none is. */
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

  /** Tells kafkajs again where to fetch and whether to: a join makes it forget. */
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

  /** A small one joins the one before it: a partition under a trickle is not held for a record or two. */
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

  /** kafkajs passed over a batch that held only control records or aborted ones. */
  skip(next: bigint): void {
    if (this.#position === undefined || this.#ports.fetchRound() === this.#seekRound) return;
    if (next > this.#position) this.#position = next;
  }

  /** kafkajs gave up the position and starts from the log's beginning or end, unless `hold` keeps it from that. */
  forgetPosition(): void {
    this.#epoch += 1;
    this.#waiting = [];
    this.#position = undefined;
    this.release('full');
  }

  /** Starts no further batch and waits for the one in work. `restore` goes on. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#running;
  }

  /** The partition is not ours any more. A handler in work finishes, but moves nothing. */
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
    // Asked for before the seek: kafkajs will seek in the next round, nothing is wrong.
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
      // The place is free: the next batch may be fetched while this one is in work.
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
    // Its records and those behind it are dropped from memory and fetched again: a long outage costs no memory.
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
