import type { OutgoingRecord } from '@subledger/kafka';
import type { LedgerMetrics } from '../metrics.js';
import type { LaneMemory } from '../pipeline/lane-memory.js';
import type { Publication } from '../pipeline/slice-draft.js';
import type { Turnstile } from './turnstile.js';

/** The part of `TransactionalPublisher` that a lane needs. */
export interface LanePublisher {
  open(): Promise<void>;
  /** @throws FencedError when a newer owner of the lane exists */
  publish(records: OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

export interface PublishingPorts {
  readonly publisher: LanePublisher;
  /** Bounds how many lanes publish at a time. */
  readonly turnstile: Turnstile;
  readonly metrics: LedgerMetrics;
}

/** Committed slices that may wait for publishing, each some megabytes; a lane that is further ahead waits itself. */
const MAX_WAITING = 1;

/**
 * Publishes committed slices in order, one Kafka transaction at a time, while the lane works on the next slice. What
 * has piled up meanwhile goes in one transaction, with one limit record per sub-account. After a failure nothing more
 * is published: the lane is taken over again, and begins at its cursor.
 */
export class LanePublishing {
  private waiting: Publication[] = [];
  private running: Promise<void> | undefined;
  private readonly roomWaiters: (() => void)[] = [];
  private failure: { readonly error: unknown } | undefined;

  /** @param onFailure called once, so that an idle lane learns of it */
  constructor(
    private readonly ports: PublishingPorts,
    private readonly memory: LaneMemory,
    private readonly onFailure: () => void,
  ) {}

  get isBusy(): boolean {
    return this.running !== undefined;
  }

  /** @throws what publishing failed with */
  assertWorking(): void {
    if (this.failure) throw this.failure.error;
  }

  /** Takes a committed slice. */
  add(publication: Publication): void {
    this.waiting.push(publication);
    if (!this.failure) this.running ??= this.run();
  }

  /** Waits until at most `MAX_WAITING` slices are waiting. @throws what publishing failed with */
  async room(): Promise<void> {
    while (this.waiting.length > MAX_WAITING && !this.failure) {
      await new Promise<void>((resolve) => this.roomWaiters.push(resolve));
    }
    this.assertWorking();
  }

  /** Waits until everything is published or has failed. */
  async drain(): Promise<void> {
    while (this.running) await this.running;
  }

  private async run(): Promise<void> {
    try {
      // Taken only at the place: while the lane waited for it, more may have come.
      while (this.waiting.length > 0) {
        await this.ports.turnstile.run(() => this.publish(this.waiting.splice(0)));
      }
    } catch (error) {
      this.failure = { error };
      this.onFailure();
    } finally {
      this.running = undefined;
      this.wakeWaiters();
    }
  }

  private async publish(publications: readonly Publication[]): Promise<void> {
    this.wakeWaiters();
    const { publisher, metrics } = this.ports;
    const records = merge(publications);
    const last = publications.at(-1) as Publication;
    if (records.length > 0) {
      const started = performance.now();
      await publisher.publish(records);
      metrics.publishSeconds.observe((performance.now() - started) / 1_000);
      metrics.published.inc(records.length);
    }
    this.memory.published = last.laneSequence;
    this.memory.hasPublishedOutbox ||= publications.some((publication) => publication.hasOutbox);
  }

  private wakeWaiters(): void {
    for (const wake of this.roomWaiters.splice(0)) wake();
  }
}

function merge(publications: readonly Publication[]): OutgoingRecord[] {
  const records: OutgoingRecord[] = [];
  const limits = new Map<string, OutgoingRecord>();
  for (const publication of publications) {
    for (const record of publication.records) records.push(record);
    for (const [subAccountId, record] of publication.limits) limits.set(subAccountId, record);
  }
  for (const record of limits.values()) records.push(record);
  return records;
}
