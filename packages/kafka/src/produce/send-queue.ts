import type { OutgoingRecord } from '../config.js';
import { KafkaUnavailableError } from '../errors.js';
import { estimateBytes } from '../kafkajs/produce-request.js';

/** One call of `send`. */
interface Entry {
  records: OutgoingRecord[];
  /** Estimated bytes of each record. */
  sizes: number[];
  bytes: number;
  /** Index of the first record that is not in a batch yet. */
  next: number;
  unacknowledged: number;
  admitted: boolean;
  settled: boolean;
  deadlineMs: number;
  resolve(): void;
  reject(error: Error): void;
}

/** A run of records of one `send` inside one request. */
export interface Batch {
  readonly entry: { readonly settled: boolean };
  readonly records: OutgoingRecord[];
}

export interface SendQueueOptions {
  maxBatchBytes: number;
  maxBufferedBytes: number;
  deliveryTimeoutMs: number;
  now?: () => number;
}

/**
 * The queue of `send` calls, cut into requests of limited size. Beyond `maxBufferedBytes` a call is delayed: its
 * promise stays open as back-pressure, and it is admitted in order when space is free.
 */
export class SendQueue {
  readonly #options: SendQueueOptions;
  readonly #now: () => number;
  /** Calls with records that are not in a batch yet, oldest first. Calls that are not admitted come last. */
  #entries: Entry[] = [];
  /** Calls whose last record is in an unacknowledged batch. */
  readonly #inFlight = new Set<Entry>();
  #bufferedBytes = 0;

  constructor(options: SendQueueOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  add(records: OutgoingRecord[]): Promise<void> {
    const sizes = records.map(estimateBytes);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#entries.push({
      records,
      sizes,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      next: 0,
      unacknowledged: records.length,
      admitted: false,
      settled: false,
      deadlineMs: this.#now() + this.#options.deliveryTimeoutMs,
      resolve,
      reject,
    });
    this.#admit();
    return promise;
  }

  /** The records of the next request: at least one, however large, or none if the queue is empty. */
  next(): Batch[] {
    const batches: Batch[] = [];
    let bytes = 0;
    while (this.#entries[0]?.admitted) {
      const entry = this.#entries[0];
      const from = entry.next;
      while (entry.next < entry.records.length) {
        const size = entry.sizes[entry.next]!;
        if (bytes > 0 && bytes + size > this.#options.maxBatchBytes) break;
        bytes += size;
        entry.next += 1;
      }
      const isWhole = entry.next === entry.records.length;
      if (entry.next > from) {
        const records = isWhole && from === 0 ? entry.records : entry.records.slice(from, entry.next);
        batches.push({ entry, records });
        this.#inFlight.add(entry);
      }
      if (!isWhole) break;
      this.#entries.shift();
    }
    return batches;
  }

  acknowledge(batch: Batch): void {
    const entry = batch.entry as Entry;
    entry.unacknowledged -= batch.records.length;
    if (entry.unacknowledged === 0) this.#settle(entry, undefined);
  }

  fail(batch: Batch, error: Error): void {
    this.#settle(batch.entry as Entry, error);
  }

  /**
   * Fails the calls whose time is up.
   * @returns their number
   */
  expire(cause: Error): number {
    const now = this.#now();
    const late = [...new Set([...this.#inFlight, ...this.#entries])].filter(
      (entry) => entry.deadlineMs <= now,
    );
    for (const entry of late)
      this.#settle(
        entry,
        new KafkaUnavailableError(`Not acknowledged within ${this.#options.deliveryTimeoutMs} ms`, { cause }),
      );
    return late.length;
  }

  #settle(entry: Entry, error: Error | undefined): void {
    if (entry.settled) return;
    entry.settled = true;
    this.#inFlight.delete(entry);
    // Its records that are not in a batch yet are no longer sent.
    if (entry.next < entry.records.length || !entry.admitted)
      this.#entries = this.#entries.filter((waiting) => waiting !== entry);
    if (entry.admitted) this.#bufferedBytes -= entry.bytes;
    if (error) entry.reject(error);
    else entry.resolve();
    this.#admit();
  }

  #admit(): void {
    for (const entry of this.#entries) {
      if (entry.admitted) continue;
      if (this.#bufferedBytes > 0 && this.#bufferedBytes + entry.bytes > this.#options.maxBufferedBytes)
        return;
      entry.admitted = true;
      this.#bufferedBytes += entry.bytes;
    }
  }
}
