import type { OutgoingRecord } from '@subledger/kafka';
import type { LedgerMetrics } from '../metrics.js';
import type { JournalRange, LimitSource, Publication } from '../pipeline/batch-draft.js';
import type { LaneMemory } from '../pipeline/lane-memory.js';
import type { ConcurrencyLimiter } from './concurrency-limiter.js';

/** The part of `TransactionalPublisher` that a lane needs. */
export interface LanePublisher {
  open(): Promise<void>;
  /** @throws FencedError if a newer owner of the lane exists */
  publish(records: OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface PublishingPorts {
  readonly publisher: LanePublisher;
  /** Limits how many lanes publish at a time. */
  readonly limiter: ConcurrencyLimiter;
  readonly metrics: LedgerMetrics;
  /** Records of the lane's journal and outbox between two lane sequences. */
  readonly readJournal: (after: bigint, through: bigint) => Promise<OutgoingRecord[]>;
}

/** Maximum records of one Kafka transaction, for very large decisions: a month start of thousands of sub-accounts. */
const MAX_RECORDS = 5_000;
/** Journal rows read at a time. */
const JOURNAL_PAGE = 1_000n;

/** Maximum of committed batches that wait for publishing, each some megabytes. Beyond it the lane waits. */
const MAX_WAITING = 1;

/**
 * Publishes committed batches in order, one Kafka transaction at a time, while the lane works on the next batch.
 * Batches that have accumulated share a transaction, with one limit record per sub-account. After a failure nothing
 * more is published: the lane is taken over again and starts at its cursor.
 */
export class LanePublishing {
  #waiting: Publication[] = [];
  #running: Promise<void> | undefined;
  readonly #roomWaiters: (() => void)[] = [];
  #failure: { readonly error: unknown } | undefined;

  /** @param onFailure called once, so that an idle lane notices */
  constructor(
    private readonly ports: PublishingPorts,
    private readonly memory: LaneMemory,
    private readonly onFailure: () => void,
  ) {}

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** @throws the error that publishing failed with */
  assertWorking(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Queues a committed batch. */
  add(publication: Publication): void {
    this.#waiting.push(publication);
    if (!this.#failure) this.#running ??= this.#run();
  }

  /**
   * Waits until at most `MAX_WAITING` batches are waiting.
   * @throws the error that publishing failed with
   */
  async whenBelowLimit(): Promise<void> {
    while (this.#waiting.length > MAX_WAITING && !this.#failure) {
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
    }
    this.assertWorking();
  }

  /** Waits until everything is published or has failed. */
  async drain(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    try {
      // Taken only after the wait for a place, because more batches may have arrived meanwhile.
      while (this.#waiting.length > 0) {
        await this.ports.limiter.run(() => this.#publish(this.#waiting.splice(0)));
      }
    } catch (error) {
      this.#failure = { error };
      this.onFailure();
    } finally {
      this.#running = undefined;
      this.#wakeWaiters();
    }
  }

  async #publish(publications: readonly Publication[]): Promise<void> {
    this.#wakeWaiters();
    const last = publications.at(-1) as Publication;
    const records = publications.flatMap((publication) => publication.records);
    const limits = lastLimits(publications);
    if (limits.size <= MAX_RECORDS && !records.some(isRange)) {
      await this.#send([...(records as OutgoingRecord[]), ...[...limits.values()].map((limit) => limit())]);
    } else {
      for await (const page of this.#pages(records, limits)) await this.#send(page);
    }
    this.memory.published = last.laneSequence;
    this.memory.hasPublishedOutbox ||= publications.some((publication) => publication.hasOutbox);
  }

  /** Publishes one Kafka transaction. */
  async #send(records: OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { publisher, metrics } = this.ports;
    const started = performance.now();
    await publisher.publish(records);
    metrics.publishSeconds.observe((performance.now() - started) / 1_000);
    metrics.published.inc(records.length);
  }

  /**
   * Splits the records of a large decision into several transactions. It is complete in the books, but reaches the
   * topics in parts.
   */
  async *#pages(
    records: readonly (OutgoingRecord | JournalRange)[],
    limits: ReadonlyMap<string, LimitSource>,
  ): AsyncGenerator<OutgoingRecord[]> {
    let page: OutgoingRecord[] = [];
    for (const part of records) {
      if (isRange(part)) {
        yield page;
        page = [];
        yield* this.#journalPages(part);
      } else page.push(part);
    }
    for (const limit of limits.values()) {
      page.push(limit());
      if (page.length < MAX_RECORDS) continue;
      yield page;
      page = [];
    }
    yield page;
  }

  async *#journalPages({ after, through }: JournalRange): AsyncGenerator<OutgoingRecord[]> {
    for (let from = after; from < through; from += JOURNAL_PAGE) {
      const to = from + JOURNAL_PAGE < through ? from + JOURNAL_PAGE : through;
      const records = await this.ports.readJournal(from, to);
      // A range has no gaps. If a row were missing, the cursor must not pass it.
      if (BigInt(records.length) !== to - from)
        throw new Error(`${records.length} of ${to - from} events were in the journal after ${from}`);
      yield records;
    }
  }

  #wakeWaiters(): void {
    for (const wake of this.#roomWaiters.splice(0)) wake();
  }
}

const isRange = (part: OutgoingRecord | JournalRange): part is JournalRange => 'through' in part;

/** Only the last record of each sub-account. */
function lastLimits(publications: readonly Publication[]): Map<string, LimitSource> {
  const limits = new Map<string, LimitSource>();
  for (const publication of publications) {
    for (const [subAccountId, limit] of publication.limits) limits.set(subAccountId, limit);
  }
  return limits;
}
