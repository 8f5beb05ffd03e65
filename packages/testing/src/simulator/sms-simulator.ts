import { setTimeout as delay } from 'node:timers/promises';
import type { LimitRecord } from '@subledger/contracts';
import { formatPoints, type Points, parsePoints } from '@subledger/core';
import { type BatchConsumer, type KafkaConfig, type OutgoingRecord, RecordProducer } from '@subledger/kafka';
import { eventually } from '../eventually.js';
import { newMessageId } from '../ids.js';
import { messageRecord, messageSent } from '../message-builders.js';
import { SeededRandom } from '../seeded-random.js';
import { LimitMirror } from './limit-mirror.js';
import { type LaterReport, lifeOf, type SentMessage, type Shares, USUAL_SHARES } from './message-life.js';
import { mirrorFeed } from './mirror-feed.js';
import { fictitiousRecipient, SAMPLE_SENDERS, SAMPLE_TEXTS } from './sample-texts.js';

export interface SmsSimulatorOptions {
  readonly kafka: KafkaConfig;
  /** Messages per second over all sub-accounts. Default 2; 0 sends only what it is told to. */
  readonly ratePerSecond?: number;
  /** What messages cost, one picked for each. Default 1 to 3 points, sometimes 1.2. */
  readonly pricesInPoints?: readonly string[];
  /** Only customers that it accepts. Default: all. */
  readonly only?: (mainAccountId: string) => boolean;
  /** True: sends beyond what remains, as a service that does not look at limits would. */
  readonly overspend?: boolean;
  /** How long a delivery takes. Default 300 to 2,000. */
  readonly deliveryMs?: { readonly min: number; readonly max: number };
  readonly shares?: Shares;
  /** Most messages whose charge is not known yet; it pauses beyond. Default 2,000. */
  readonly maxPending?: number;
  readonly seed?: number;
  /** Told of each message once the broker has it. */
  readonly onSent?: (message: SentMessage) => void;
}

export interface SmsCounts {
  sent: number;
  /** In millipoints. */
  points: Points;
  delivered: number;
  failed: number;
  expired: number;
  refunded: number;
  /** In millipoints. */
  refundedPoints: Points;
  /** Times that it wanted to send and no sub-account had points for it. */
  blocked: number;
}

interface Due {
  readonly atMs: number;
  readonly report: LaterReport;
  readonly message: SentMessage;
}

interface Reporting {
  readonly record: OutgoingRecord;
  readonly done: () => void;
}

const TICK_MS = 50;
const PRICES = ['1', '1', '1', '2', '3', '1.2'];

/**
 * A pretend SMS service: keeps a mirror of the limits, sends within them, reports each message, then what became of
 * it. Nothing leaves this machine. Reports are written at least once, in order.
 */
export class SmsSimulator {
  readonly mirror = new LimitMirror();
  readonly counts: SmsCounts = {
    sent: 0,
    points: 0n as Points,
    delivered: 0,
    failed: 0,
    expired: 0,
    refunded: 0,
    refundedPoints: 0n as Points,
    blocked: 0,
  };
  readonly #options: SmsSimulatorOptions;
  readonly #random: SeededRandom;
  readonly #consumer: BatchConsumer;
  readonly #producer: RecordProducer;
  readonly #stopping = new AbortController();
  #outbox: Reporting[] = [];
  #due: Due[] = [];
  #rate: number;
  #budget = 0;
  #loop: Promise<void> | undefined;

  constructor(options: SmsSimulatorOptions) {
    this.#options = options;
    this.#rate = options.ratePerSecond ?? 2;
    this.#random = new SeededRandom(options.seed ?? Math.floor(Math.random() * 2 ** 31));
    this.#producer = new RecordProducer(options.kafka);
    this.#consumer = mirrorFeed(options.kafka, this.mirror);
  }

  /** Resolves when it reads limits; from then on it sends. */
  async start(): Promise<void> {
    await this.#consumer.start();
    this.#loop = this.#run();
  }

  /** Messages per second from now on. */
  setRate(ratePerSecond: number): void {
    this.#rate = ratePerSecond;
    this.#budget = 0;
  }

  /**
   * Sends one message now, whatever its limit says.
   *
   * @returns when the broker has the report
   */
  async send(given: Omit<SentMessage, 'messageId'> & { readonly messageId?: string }): Promise<SentMessage> {
    const message = { messageId: newMessageId(), ...given };
    await new Promise<void>((resolve) => this.#queueMessage(message, resolve));
    return message;
  }

  /** The limit record of a sub-account once the predicate accepts it. @throws Error after `timeoutMs` */
  async waitForLimit(
    subAccountId: string,
    predicate: (record: LimitRecord) => boolean,
    timeoutMs = 15_000,
  ): Promise<LimitRecord> {
    return eventually(
      () => {
        const record = this.mirror.get(subAccountId);
        return record !== undefined && predicate(record) ? record : undefined;
      },
      { timeoutMs, what: `the limit record of ${subAccountId}` },
    );
  }

  /** Sends no new messages and waits until every delivery of the old ones is reported. */
  async drain(timeoutMs = 30_000): Promise<void> {
    this.setRate(0);
    await eventually(() => this.#due.length === 0 && this.#outbox.length === 0, {
      timeoutMs,
      what: 'the end of all deliveries',
    });
  }

  /** Stops at once; deliveries under way stay unreported. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await Promise.all([this.#producer.close(), this.#consumer.stop()]);
  }

  async #run(): Promise<void> {
    let lastMs = performance.now();
    while (!this.#stopping.signal.aborted) {
      const nowMs = performance.now();
      this.#sendWithinRate(nowMs - lastMs);
      lastMs = nowMs;
      this.#collectDue(nowMs);
      await this.#report();
      await delay(TICK_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }

  #sendWithinRate(elapsedMs: number): void {
    // What a stall kept from being sent is not caught up in one burst.
    this.#budget = Math.min(this.#budget + (this.#rate * elapsedMs) / 1_000, Math.max(this.#rate, 1));
    const {
      maxPending = 2_000,
      overspend = false,
      pricesInPoints = PRICES,
      only = () => true,
    } = this.#options;
    while (this.#budget >= 1 && this.mirror.pendingReports < maxPending) {
      this.#budget -= 1;
      const points = this.#random.pick(pricesInPoints);
      const cost = parsePoints(points);
      const able = this.mirror
        .active()
        .filter(({ mainAccountId }) => only(mainAccountId))
        .filter(({ subAccountId }) => overspend || this.mirror.remaining(subAccountId) >= cost);
      if (able.length === 0) {
        this.counts.blocked += 1;
        continue;
      }
      const { mainAccountId, subAccountId } = this.#random.pick(able);
      this.#queueMessage({ messageId: newMessageId(), mainAccountId, subAccountId, points });
    }
  }

  #queueMessage(message: SentMessage, whenReported: () => void = () => {}): void {
    const content = this.#random.pick(SAMPLE_TEXTS);
    const event = messageSent(
      {
        ...message,
        sender: this.#random.pick(SAMPLE_SENDERS),
        recipient: fictitiousRecipient(this.#random.int(0, 99_999)),
        content,
        segments: Math.ceil(content.length / 67),
      },
      { source: '/sms-simulator' },
    );
    const cost = parsePoints(message.points);
    this.mirror.reported(message.subAccountId, message.messageId, cost);
    this.#outbox.push({
      record: messageRecord(event),
      done: () => {
        this.counts.sent += 1;
        this.counts.points = (this.counts.points + cost) as Points;
        this.#plan(message);
        this.#options.onSent?.(message);
        whenReported();
      },
    });
  }

  #plan(message: SentMessage): void {
    const { shares = USUAL_SHARES, deliveryMs = { min: 300, max: 2_000 } } = this.#options;
    const nowMs = performance.now();
    for (const report of lifeOf(message, this.#random, shares, deliveryMs))
      this.#due.push({ atMs: nowMs + report.afterMs, report, message });
  }

  #collectDue(nowMs: number): void {
    const ripe = this.#due.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    if (ripe.length === 0) return;
    this.#due = this.#due.filter(({ atMs }) => atMs > nowMs);
    const at = new Date().toISOString();
    for (const { report, message } of ripe)
      this.#outbox.push({ record: report.record(at), done: () => this.#count(report, message) });
  }

  #count({ kind }: LaterReport, message: SentMessage): void {
    if (kind === 'MESSAGE_DELIVERY_COMPLETE') this.counts.delivered += 1;
    if (kind === 'MESSAGE_DELIVERY_FAILED') this.counts.failed += 1;
    if (kind === 'MESSAGE_EXPIRED') this.counts.expired += 1;
    if (kind !== 'refund') return;
    this.counts.refunded += 1;
    this.counts.refundedPoints = (this.counts.refundedPoints + parsePoints(message.points)) as Points;
  }

  /** Writes what is in the outbox. What fails stays first in line: a report is never lost. */
  async #report(): Promise<void> {
    // A copy: more may be queued while this is under way.
    const batch = [...this.#outbox];
    if (batch.length === 0) return;
    try {
      await this.#producer.send(batch.map(({ record }) => record));
    } catch (error) {
      this.#options.kafka.log?.warn({ error: String(error) }, 'sms simulator: report failed, trying again');
      return;
    }
    this.#outbox = this.#outbox.slice(batch.length);
    for (const { done } of batch) done();
  }
}

/** Counts as one line: `42 sent (57.2 points), 38 delivered, 2 failed, 1 expired, 1 refunded`. */
export function describeCounts(counts: SmsCounts): string {
  return `${counts.sent} sent (${formatPoints(counts.points)} points), ${counts.delivered} delivered, ${counts.failed} failed, ${counts.expired} expired, ${counts.refunded} refunded`;
}
