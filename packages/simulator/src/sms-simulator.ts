import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConfig } from '@subledger/kafka';
import {
  type HoldClient,
  LimitFeed,
  type MessageReport,
  MessageReporter,
  type Ownership,
  type SubAccountLimits,
} from '@subledger/upstream';
import { v7 as uuidv7 } from 'uuid';
import { countLater, countSent, noCounts } from './counts.js';
import { type LaterReport, lifeOf, type SentMessage, type Shares, USUAL_SHARES } from './message-life.js';
import { type Misbehaviour, sentAt } from './misbehaviour.js';
import { fictitiousRecipient, SAMPLE_SENDERS, SAMPLE_TEXTS } from './sample-texts.js';
import { SeededRandom } from './seeded-random.js';

export interface SmsSimulatorOptions {
  readonly kafka: KafkaConfig;
  /** Messages per second over all sub-accounts. Default 2. 0 sends only on request. */
  readonly ratePerSecond?: number;
  /** Costs of messages, one picked for each. Default 1 to 3 points, sometimes 1.2. */
  readonly pricesInPoints?: readonly string[];
  /** Selects customers. Default: all. */
  readonly only?: (mainAccountId: string) => boolean;
  /** The check before a message is sent: the SDK's feed (default), a hold of the ledger, or none. */
  readonly way?: 'feed' | 'strict' | 'blind';
  /** For the strict way. */
  readonly holds?: HoldClient;
  /** The main accounts of this instance. Default: all. */
  readonly ownership?: Ownership;
  readonly misbehaviour?: Misbehaviour;
  /** Duration of a delivery in milliseconds. Default 300 to 2,000. */
  readonly deliveryMs?: { readonly min: number; readonly max: number };
  readonly shares?: Shares;
  /** Maximum messages under way. Beyond it, sending pauses. Default 2,000. */
  readonly maxPending?: number;
  readonly seed?: number;
  /** Called for each message once the broker has it. */
  readonly onSent?: (message: SentMessage) => void;
}

interface Due {
  readonly atMs: number;
  readonly later: LaterReport;
  readonly message: SentMessage;
}

const newMessageId = (): string => `msg-${uuidv7()}`;

const TICK_MS = 50;
const PRICES = ['1', '1', '1', '2', '3', '1.2'];
const CAUGHT_UP_WITHIN_MS = 60_000;
const CLOSE_WITHIN_MS = 10_000;

/**
 * A simulated SMS service on the SDK: checks whether it may send, reports each message, and then its delivery. No
 * real messages are sent.
 */
export class SmsSimulator {
  readonly counts = noCounts();
  readonly feed: LimitFeed;
  readonly #options: SmsSimulatorOptions;
  readonly #random: SeededRandom;
  readonly #reporter: MessageReporter;
  readonly #stopping = new AbortController();
  #due: Due[] = [];
  /** Messages and reports that the broker does not have yet. */
  #pending = 0;
  #rate: number;
  #budget = 0;
  #loop: Promise<void> | undefined;

  constructor(options: SmsSimulatorOptions) {
    const { kafka, ownership } = options;
    this.#options = options;
    this.#rate = options.ratePerSecond ?? 2;
    this.#random = new SeededRandom(options.seed ?? Math.floor(Math.random() * 2 ** 31));
    this.feed = new LimitFeed({ kafka, ...(ownership ? { ownership } : {}) });
    this.#reporter = new MessageReporter({ kafka, feed: this.feed, source: '/sms-simulator' });
  }

  /** Resolves when it knows the limits. From then on it sends. */
  async start(): Promise<void> {
    await this.feed.start();
    await this.feed.ready(CAUGHT_UP_WITHIN_MS);
    this.#loop = this.#run();
  }

  /** Messages per second from now on. */
  setRate(ratePerSecond: number): void {
    this.#rate = ratePerSecond;
    this.#budget = 0;
  }

  /**
   * Sends one message now, whatever its limit.
   * @returns when the broker has the report
   */
  async send(given: Omit<SentMessage, 'messageId'> & { readonly messageId?: string }): Promise<SentMessage> {
    const message = { messageId: newMessageId(), ...given };
    await this.#report(message, false);
    return message;
  }

  /** Sends this many messages at once without any check, possibly beyond the limit. */
  async burst(given: Omit<SentMessage, 'messageId'>, count: number): Promise<SentMessage[]> {
    return Promise.all(Array.from({ length: count }, () => this.send(given)));
  }

  /** Sends no new messages and waits until the delivery of all earlier ones is reported. @throws Error after `timeoutMs` */
  async drain(timeoutMs = 30_000): Promise<void> {
    this.setRate(0);
    const deadline = performance.now() + timeoutMs;
    while (this.#due.length > 0 || this.#pending > 0) {
      if (performance.now() >= deadline)
        throw new Error(`Within ${timeoutMs} ms the deliveries did not come to an end`);
      await delay(TICK_MS);
    }
  }

  /** Stops at once. Pending deliveries stay unreported. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#reporter.close({ timeoutMs: CLOSE_WITHIN_MS });
    await this.feed.close();
  }

  async #run(): Promise<void> {
    let lastMs = performance.now();
    while (!this.#stopping.signal.aborted) {
      const nowMs = performance.now();
      this.#sendWithinRate(nowMs - lastMs);
      lastMs = nowMs;
      this.#reportDue(nowMs);
      await delay(TICK_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }

  #sendWithinRate(elapsedMs: number): void {
    // After a stall, the missed messages are not sent in one burst.
    this.#budget = Math.min(this.#budget + (this.#rate * elapsedMs) / 1_000, Math.max(this.#rate, 1));
    const { maxPending = 2_000, pricesInPoints = PRICES } = this.#options;
    if (this.#budget < 1) return;
    const candidates = this.#candidates();
    while (this.#budget >= 1 && this.#pending < maxPending && !this.#reporter.isFull) {
      this.#budget -= 1;
      const points = this.#random.pick(pricesInPoints);
      if (candidates.length === 0) {
        this.counts.blocked += 1;
        continue;
      }
      const { mainAccountId, subAccountId } = this.#random.pick(candidates);
      void this.#trySend({ messageId: newMessageId(), mainAccountId, subAccountId, points });
    }
  }

  /** Active sub-accounts of this instance's customers. */
  #candidates(): SubAccountLimits[] {
    const { only = () => true } = this.#options;
    const found: SubAccountLimits[] = [];
    for (const id of this.feed.subAccountIds()) {
      const limits = this.feed.get(id);
      if (limits?.status === 'active' && only(limits.mainAccountId)) found.push(limits);
    }
    return found;
  }

  /** Checks by its way, and sends if allowed. */
  async #trySend(message: SentMessage): Promise<void> {
    this.#pending += 1;
    try {
      const { way = 'feed', holds } = this.#options;
      let isAllowed = true;
      if (way === 'feed') isAllowed = this.feed.take(message).allowed;
      if (way === 'strict') isAllowed = (await holds?.hold(message))?.outcome === 'placed';
      if (isAllowed) await this.#report(message, way === 'strict');
      else this.counts.blocked += 1;
    } catch (error) {
      // It was not sent, so its points are free again.
      this.feed.giveBack(message.messageId);
      this.#warn(error);
    } finally {
      this.#pending -= 1;
    }
  }

  async #report(message: SentMessage, paidByHold: boolean): Promise<void> {
    const { misbehaviour = {}, shares = USUAL_SHARES, deliveryMs = { min: 300, max: 2_000 } } = this.#options;
    const content = this.#random.pick(SAMPLE_TEXTS);
    const life = lifeOf(message, this.#random, shares, deliveryMs);
    const isDisordered = this.#random.chance(misbehaviour.disordered ?? 0);
    // A refund of an unknown message would be dead-lettered, so only the statuses come too early.
    const early = isDisordered ? life.filter(({ kind }) => kind !== 'refund').toReversed() : [];
    await this.#reportAll(early, message);
    await this.#write({
      type: 'message.sent',
      ...message,
      sentAt: sentAt(new Date(), misbehaviour, this.#random),
      sender: this.#random.pick(SAMPLE_SENDERS),
      recipient: fictitiousRecipient(this.#random.int(0, 99_999)),
      content,
      segments: Math.ceil(content.length / 67),
      paidByHold,
    });
    countSent(this.counts, message);
    this.#options.onSent?.(message);
    const nowMs = performance.now();
    for (const later of life)
      if (!early.includes(later)) this.#due.push({ atMs: nowMs + later.afterMs, later, message });
  }

  #reportDue(nowMs: number): void {
    const ripe = this.#due.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
    if (ripe.length === 0) return;
    this.#due = this.#due.filter(({ atMs }) => atMs > nowMs);
    for (const { later, message } of ripe) {
      this.#pending += 1;
      this.#reportAll([later], message)
        .catch((error: unknown) => this.#warn(error))
        .finally(() => {
          this.#pending -= 1;
        });
    }
  }

  async #reportAll(life: readonly LaterReport[], message: SentMessage): Promise<void> {
    for (const later of life) {
      await this.#write(later.report(new Date().toISOString()));
      countLater(this.counts, later, message);
    }
  }

  /** Writes a report once, or by its share twice. */
  async #write(report: MessageReport): Promise<void> {
    await this.#reporter.whenRoom();
    const isTwice = this.#random.chance(this.#options.misbehaviour?.duplicates ?? 0);
    await Promise.all([this.#reporter.report(report), ...(isTwice ? [this.#reporter.report(report)] : [])]);
  }

  #warn(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#options.kafka.log?.warn({ error: String(error) }, 'sms simulator: a report was not written');
  }
}
