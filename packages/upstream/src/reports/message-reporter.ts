import { setTimeout as sleep } from 'node:timers/promises';
import {
  type KafkaConfig,
  KafkaRejectedError,
  partitionFor,
  RecordProducer,
  type WrittenRecord,
} from '@subledger/kafka/client';
import type { SentFact } from '../feed/sent-json.js';
import { ReporterClosedError, ReporterFullError, ReportRefusedError } from './errors.js';
import { type MessageReport, type PreparedReport, prepareReport } from './report.js';

/** Who counts what is reported; `LimitFeed` is one. */
export interface ReportTracker {
  reporting(sent: SentFact): void;
  written(messageId: string, place: WrittenRecord): void;
  notWritten(messageId: string): void;
}

export interface MessageReporterOptions {
  readonly kafka: KafkaConfig;
  /** The feed whose reservations the reports settle. */
  readonly feed?: ReportTracker;
  /**
   * Lanes of the ledger (its `KAFKA_PARTITIONS`): reports go to the first so many partitions of `sms.messages.v1`, also
   * where that was given more. Default: all partitions that the topic has.
   */
  readonly lanes?: number;
  /** CloudEvents source: who reports. Default `/sms-service`. */
  readonly source?: string;
  /** Reports that may wait for the broker. Default 10,000. */
  readonly maxWaiting?: number;
  /** Bytes of them. Default 16 MiB. */
  readonly maxWaitingBytes?: number;
  /** Reports of one request at most. Default 500. */
  readonly maxBatch?: number;
  /** The clock. Default: the system's. */
  readonly now?: () => Date;
}

export interface CloseResult {
  /** What the broker has not confirmed, in order: keep it, and report it again with the same ids. */
  readonly undelivered: readonly MessageReport[];
}

interface Waiting extends PreparedReport {
  readonly resolve: (place: WrittenRecord) => void;
  readonly reject: (error: Error) => void;
}

/** One attempt; the same reports are sent again after it, so it only bounds how long a lost answer is waited for. */
const ATTEMPT_MS = 5_000;
const RETRY_MS = 250;

/**
 * Writes reports to `sms.messages.v1`, in the order in which they were given, one request at a time. At least once: a
 * repeat counts once. An outage of the brokers is waited out, as long as there is room; nothing is dropped silently.
 */
export class MessageReporter {
  readonly #options: MessageReporterOptions;
  readonly #producer: RecordProducer;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #pumping: Promise<void> | undefined;
  #room = Promise.withResolvers<void>();
  #closing = false;
  #closed = false;

  constructor(options: MessageReporterOptions) {
    this.#options = options;
    this.#producer = new RecordProducer(options.kafka, {
      deliveryTimeoutMs: ATTEMPT_MS,
      requestTimeoutMs: ATTEMPT_MS,
    });
  }

  /** Reports that the broker does not have yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether the next report would be refused for want of room. */
  get isFull(): boolean {
    const { maxWaiting = 10_000, maxWaitingBytes = 16 * 1024 * 1024 } = this.#options;
    return this.#waiting.length >= maxWaiting || this.#bytes >= maxWaitingBytes;
  }

  /** Resolves when there is room for a report; at once where there is. @throws ReporterClosedError */
  async whenRoom(): Promise<void> {
    while (this.isFull && !this.#closing) await this.#room.promise;
    if (this.#closing) throw new ReporterClosedError('The reporter is closed: make a new one');
  }

  /**
   * Resolves once every replica in sync has the report, with where it was written. However long that takes: watch
   * `waiting`, and `close` gives back what could not be written.
   *
   * @throws InvalidReportError what is given breaks the contract
   * @throws ReporterFullError too many wait already; it was not taken
   * @throws ReporterClosedError the reporter is or was closed before
   * @throws ReportRefusedError Kafka refuses it for good
   */
  async report(report: MessageReport): Promise<WrittenRecord> {
    const { source = '/sms-service', now = () => new Date(), feed, lanes } = this.#options;
    if (this.#closing)
      throw new ReporterClosedError('The reporter is closed: make a new one, and report it there');
    const prepared = prepareReport(report, source, now().toISOString());
    if (this.isFull)
      throw new ReporterFullError(
        `${this.#waiting.length} reports (${this.#bytes} bytes) wait for the broker: wait for whenRoom() and report it again`,
      );
    if (lanes !== undefined) prepared.record.partition = partitionFor(report.mainAccountId, lanes);
    if (prepared.sent) feed?.reporting(prepared.sent);
    const { promise, resolve, reject } = Promise.withResolvers<WrittenRecord>();
    this.#waiting.push({ ...prepared, resolve, reject });
    this.#bytes += prepared.bytes;
    this.#pumping ??= this.#pump();
    return promise;
  }

  /**
   * Takes no more, and waits until the broker has all that was taken, for `timeoutMs` (default 10,000) at most. What it
   * does not have then is in the answer, and its promises reject with `ReporterClosedError`.
   */
  async close({ timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {}): Promise<CloseResult> {
    this.#closing = true;
    this.#displaceOne();
    const timer = new AbortController();
    await Promise.race([
      this.#pumping ?? Promise.resolve(),
      sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
    this.#closed = true;
    const left = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const error = new ReporterClosedError(
      `The reporter was closed before the broker confirmed the report (within ${timeoutMs} ms): report it again with the same ids`,
    );
    for (const one of left) this.#fail(one, error);
    const closed = this.#producer.close();
    // An attempt that hangs ends by itself.
    if (left.length === 0) await closed;
    return { undelivered: left.map(({ report }) => report) };
  }

  async #pump(): Promise<void> {
    // Gives the reports of the same turn the chance to share the first request.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#closed) {
      const batch = this.#waiting.slice(0, this.#options.maxBatch ?? 500);
      try {
        this.#done(batch, await this.#producer.sendAndLocate(batch.map(({ record }) => record)));
      } catch (error) {
        if (this.#closed) break;
        if (error instanceof KafkaRejectedError) await this.#sendEach(batch);
        else {
          this.#options.kafka.log?.warn(
            { waiting: this.#waiting.length, error: String(error) },
            'upstream: the reports could not be written, trying again',
          );
          await sleep(RETRY_MS);
        }
      }
    }
    this.#pumping = undefined;
  }

  /** One of them is refused: the others must not be. */
  async #sendEach(batch: readonly Waiting[]): Promise<void> {
    for (const one of batch) {
      try {
        this.#done([one], await this.#producer.sendAndLocate([one.record]));
      } catch (error) {
        // An outage: the rest goes on together.
        if (this.#closed || !(error instanceof KafkaRejectedError)) return;
        this.#remove([one]);
        this.#fail(
          one,
          new ReportRefusedError(`Kafka refuses the report, it was not written: ${error.message}`, {
            cause: error,
          }),
        );
      }
    }
  }

  #done(batch: readonly Waiting[], places: readonly WrittenRecord[]): void {
    if (this.#closed) return;
    this.#remove(batch);
    for (const [index, { sent, resolve }] of batch.entries()) {
      const place = places[index] as WrittenRecord;
      if (sent) this.#options.feed?.written(sent.messageId, place);
      resolve(place);
    }
  }

  #fail({ sent, reject }: Waiting, error: Error): void {
    if (sent) this.#options.feed?.notWritten(sent.messageId);
    reject(error);
  }

  /** The first in line. */
  #remove(batch: readonly Waiting[]): void {
    this.#waiting.splice(0, batch.length);
    for (const { bytes } of batch) this.#bytes -= bytes;
    this.#displaceOne();
  }

  #displaceOne(): void {
    if (this.isFull && !this.#closing) return;
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }
}
