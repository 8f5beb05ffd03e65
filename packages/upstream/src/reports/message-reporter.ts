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

/** Counts reports. `LimitFeed` is one. */
export interface ReportTracker {
  reporting(sent: SentFact): void;
  written(messageId: string, place: WrittenRecord): void;
  notWritten(messageId: string): void;
}

export interface MessageReporterOptions {
  readonly kafka: KafkaConfig;
  /** The feed whose reservations these reports settle. */
  readonly feed?: ReportTracker;
  /**
   * Number of the ledger's lanes (its `KAFKA_PARTITIONS`), if `sms.messages.v1` has more partitions: reports only go
   * to that many first partitions. Default: all partitions of the topic.
   */
  readonly lanes?: number;
  /** CloudEvents source: who reports. Default `/sms-service`. */
  readonly source?: string;
  /** Maximum number of reports that wait for the broker. Default 10,000. */
  readonly maxWaiting?: number;
  /** Maximum bytes of waiting reports. Default 16 MiB. */
  readonly maxWaitingBytes?: number;
  /** Maximum reports per request. Default 500. */
  readonly maxBatch?: number;
  /** The clock. Default: the system's. */
  readonly now?: () => Date;
}

export interface CloseResult {
  /** Reports that the broker has not confirmed, in order. Keep them, and report them again with the same ids. */
  readonly undelivered: readonly MessageReport[];
}

interface Waiting extends PreparedReport {
  readonly resolve: (place: WrittenRecord) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Time-out of one attempt in milliseconds. The same reports are sent again afterwards, so it only limits the wait for
 * a lost answer.
 */
const ATTEMPT_MS = 5_000;
const RETRY_MS = 250;

/**
 * Writes reports to `sms.messages.v1` in the order in which they were given, one request at a time. At least once: a
 * repeat counts once. During an outage of the brokers reports wait, up to the maximum. No report is dropped silently.
 */
export class MessageReporter {
  readonly #options: MessageReporterOptions;
  readonly #producer: RecordProducer;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #pumping: Promise<void> | undefined;
  #spaceFreed = Promise.withResolvers<void>();
  #closing = false;
  #closed = false;

  constructor(options: MessageReporterOptions) {
    this.#options = options;
    this.#producer = new RecordProducer(options.kafka, {
      deliveryTimeoutMs: ATTEMPT_MS,
      requestTimeoutMs: ATTEMPT_MS,
    });
  }

  /** Number of reports that the broker does not have yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether the next report would be refused because the maximum is waiting. */
  get isFull(): boolean {
    const { maxWaiting = 10_000, maxWaitingBytes = 16 * 1024 * 1024 } = this.#options;
    return this.#waiting.length >= maxWaiting || this.#bytes >= maxWaitingBytes;
  }

  /**
   * Resolves when another report fits.
   * @throws ReporterClosedError if it is or was closed before
   */
  async whenRoom(): Promise<void> {
    while (this.isFull && !this.#closing) await this.#spaceFreed.promise;
    if (this.#closing) throw new ReporterClosedError('The reporter is closed: make a new one');
  }

  /**
   * Resolves with the position of the report once every in-sync replica has it. There is no time limit: watch
   * `waiting`. `close` returns the reports that could not be written.
   *
   *
   * @throws InvalidReportError if the report breaks the contract
   * @throws ReporterFullError if the maximum is already waiting; the report was not accepted
   * @throws ReporterClosedError if the reporter is or was closed before
   * @throws ReportRefusedError if Kafka refuses it for good
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
   * Accepts no more reports, and waits until the broker has all accepted ones. The answer has those that the broker
   * has not confirmed by then, and their promises reject with `ReporterClosedError`.
   * @param options `timeoutMs`: maximum milliseconds to wait, default 10,000
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
    // A hanging attempt ends by its time-out.
    if (left.length === 0) await closed;
    return { undelivered: left.map(({ report }) => report) };
  }

  async #pump(): Promise<void> {
    // Lets reports of the same event-loop tick share the first request.
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

  /** One report of the request was refused. The others must not fail with it. */
  async #sendEach(batch: readonly Waiting[]): Promise<void> {
    for (const one of batch) {
      try {
        this.#done([one], await this.#producer.sendAndLocate([one.record]));
      } catch (error) {
        // An outage: the other reports are sent together again.
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

  /** Removes the first reports of the queue. */
  #remove(batch: readonly Waiting[]): void {
    this.#waiting.splice(0, batch.length);
    for (const { bytes } of batch) this.#bytes -= bytes;
    this.#displaceOne();
  }

  #displaceOne(): void {
    if (this.isFull && !this.#closing) return;
    this.#spaceFreed.resolve();
    this.#spaceFreed = Promise.withResolvers();
  }
}
