import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_MAX_MESSAGE_POINTS, TOPICS } from '@subledger/contracts';
import { parsePoints } from '@subledger/core';
import {
  type FollowedBatch,
  type KafkaConfig,
  LogFollower,
  type WrittenRecord,
} from '@subledger/kafka/client';
import type { Lane } from './lane.js';
import { LimitMirror } from './limit-mirror.js';
import { type Ownership, type OwnershipHandle, openOwnership } from './ownership.js';
import type { SentFact } from './sent-json.js';
import type { SubAccountLimits } from './sub-account-table.js';
import type { Question, Verdict } from './verdict.js';

export interface LimitFeedOptions {
  readonly kafka: KafkaConfig;
  /** Default: one instance for all partitions. */
  readonly ownership?: Ownership;
  /**
   * Number of the ledger's lanes (its `KAFKA_PARTITIONS`), if `sms.messages.v1` has more partitions than that.
   * Default: the partitions of the topic at the start.
   */
  readonly lanes?: number;
  /**
   * The answer while the current figures are unknown. `refuse` (default): `not-caught-up`. `allow`: by the last known
   * figures, or allowed if there are none. The main account pays as overage for messages beyond a limit.
   */
  readonly whenNotCaughtUp?: 'refuse' | 'allow';
  /** Milliseconds without contact to the brokers after which figures count as outdated. Default 5,000. */
  readonly staleAfterMs?: number;
  /**
   * Maximum cost of one message, in points: the ledger's `MAX_MESSAGE_POINTS`. Its operator knows the value. Default
   * "10000".
   */
  readonly maxMessagePoints?: string;
}

/** State of the feed, for logs and metrics. */
export interface FeedStatus {
  readonly caughtUp: boolean;
  readonly subAccounts: number;
  /** Records of the limits and profiles topics that are not read yet. */
  readonly lagRecords: number;
  /** Messages that are not contained in the limit records yet, and are subtracted separately. */
  readonly reserved: number;
  /** Records that broke the contract and were skipped. */
  readonly unreadable: number;
  /** Partitions of `sms.messages.v1` that this instance owns, and the ready ones among them. */
  readonly owned: readonly number[];
  readonly ready: readonly number[];
}

/**
 * A batch of the ledger has at most 10,000 records. A record this far back has all its effects in a published limit
 * record.
 */
const READ_BACK_RECORDS = 65_536n;
const RETRY_MS = 500;

/**
 * Follows `subaccount.limits.v1` and `subaccount.profiles.v1`, and answers from memory whether a message may be sent.
 * The README says what is promised. It reconnects after outages by itself.
 */
export class LimitFeed {
  readonly #options: LimitFeedOptions;
  readonly #staleAfterMs: number;
  readonly #follower: LogFollower;
  readonly #waiters = new Set<() => void>();
  #mirror: LimitMirror;
  #ownership: OwnershipHandle | undefined;
  #knowsShare = false;
  #isHandingOver = false;
  #closed = false;

  constructor(options: LimitFeedOptions) {
    this.#options = options;
    this.#staleAfterMs = options.staleAfterMs ?? 5_000;
    this.#mirror = this.#newMirror(0);
    this.#follower = new LogFollower(options.kafka, {
      topics: [TOPICS.limits, TOPICS.profiles, TOPICS.messages],
      onBatch: (batch) => this.#onBatch(batch),
      onRound: () => this.#onRound(),
      onOutOfRange: ({ topic, partition, low }) => {
        // The log is not the one that was read before: the topic was recreated, or retention passed. So the lane is
        // read again.
        if (topic === TOPICS.messages) this.#takeOver(this.#lane(partition));
        return low;
      },
    });
  }

  /**
   * Starts reading, and resolves when it knows its share of the partitions. `ready` tells when it can answer.
   *
   * @throws KafkaUnavailableError if no broker can be reached now
   * @throws KafkaRejectedError if Kafka refuses the request
   * @throws RangeError if `ownership` is invalid
   */
  async start(): Promise<void> {
    const { kafka, ownership = { index: 0, count: 1 } } = this.#options;
    const partitions = this.#options.lanes ?? (await this.#follower.partitionCount(TOPICS.messages));
    this.#mirror = this.#newMirror(partitions);
    const handle = openOwnership(kafka, ownership, partitions, {
      onGained: (gained) => {
        for (const partition of gained) this.#takeOver(this.#lane(partition));
      },
      onLost: (lost) => {
        for (const partition of lost) this.#lose(this.#lane(partition));
      },
      onHandOver: () => this.#handOver(),
      onHandOverEnd: () => {
        this.#isHandingOver = false;
      },
    });
    this.#ownership = handle;
    for (const topic of [TOPICS.limits, TOPICS.profiles]) {
      const count = await this.#follower.partitionCount(topic);
      for (let partition = 0; partition < count; partition += 1) this.#follower.follow(topic, partition, 0n);
    }
    await handle.start();
    this.#knowsShare = true;
  }

  /**
   * Resolves once it has the figures of all sub-accounts and can answer for those of its own lanes.
   * @param timeoutMs default: no limit
   * @throws Error after `timeoutMs`, or if it is closed
   */
  async ready(timeoutMs = Number.POSITIVE_INFINITY): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!this.isCaughtUp()) {
      if (this.#closed) throw new Error('The limit feed is closed');
      const left = end - performance.now();
      if (left <= 0)
        throw new Error(
          `The limit feed is not caught up after ${timeoutMs} ms (${this.status().lagRecords} records behind): is Kafka reachable, and do its topics exist?`,
        );
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, Math.min(left, RETRY_MS));
        this.#waiters.add(done);
      });
    }
  }

  /** Whether it knows the current figures and its share of the main accounts. */
  isCaughtUp(): boolean {
    const nowMs = performance.now();
    if (!this.#knowsShare || !this.#isOwner() || nowMs > this.#mirror.knownUntil) return false;
    return this.#mirror.lanes.every(
      ({ phase, freshUntil }) => phase === 'foreign' || (phase === 'ready' && nowMs <= freshUntil),
    );
  }

  /**
   * Whether a message may be sent now. Synchronous, some microseconds. The answer reserves nothing: use `take` if
   * several messages may be under way.
   * @throws RangeError if `points` are not an amount, or negative
   */
  check(question: Question): Verdict {
    return this.#mirror.check(question, performance.now());
  }

  /**
   * Checks and reserves the points in one step, so that a burst cannot spend the same points twice. Afterwards either
   * report the message (`MessageReporter`) or call `giveBack`. The same message again gets the same answer.
   *
   *
   * @throws RangeError if `points` are not an amount, or negative
   * @throws Error if the message id is in use for another message
   */
  take(question: Question & { readonly messageId: string }): Verdict {
    return this.#mirror.take(question, performance.now());
  }

  /**
   * Frees the points of a message that was taken but not sent.
   * @returns false if it was not taken, or was already reported
   */
  giveBack(messageId: string): boolean {
    return this.#mirror.giveBack(messageId);
  }

  /**
   * Whether a sub-account may use this sender, by its current profile (docs/decisions/0031). Undefined while the
   * profile is unknown.
   */
  allowsSender(subAccountId: string, sender: string): boolean | undefined {
    return this.#mirror.allowsSender(subAccountId, sender, performance.now());
  }

  /** The last limit record of a sub-account, with amounts in millipoints. */
  get(subAccountId: string): SubAccountLimits | undefined {
    return this.#mirror.table.limits(subAccountId);
  }

  /** All known sub-accounts, in no particular order. */
  subAccountIds(): Generator<string> {
    return this.#mirror.table.subAccountIds();
  }

  status(): FeedStatus {
    const { lanes, table, reservations, unreadable } = this.#mirror;
    const numbers = (wanted: (lane: Lane) => boolean) =>
      lanes.filter(wanted).map(({ partition }) => partition);
    return {
      caughtUp: this.isCaughtUp(),
      subAccounts: table.size,
      lagRecords: Number(this.#follower.lag(TOPICS.limits) + this.#follower.lag(TOPICS.profiles)),
      reserved: reservations.size,
      unreadable,
      owned: numbers(({ phase }) => phase !== 'foreign'),
      ready: numbers(({ phase }) => phase === 'ready'),
    };
  }

  /** Called by `MessageReporter` before it writes a report. */
  reporting(sent: SentFact): void {
    this.#mirror.reporting(sent);
  }
  /** Called by `MessageReporter` when the broker has the report. */
  written(messageId: string, place: WrittenRecord): void {
    this.#mirror.written(messageId, place);
  }
  /** Called by `MessageReporter` if the report was not written, or if that is unknown. */
  notWritten(messageId: string): void {
    this.#mirror.notWritten(messageId);
  }

  /**
   * Gives up its lanes and stops reading. Close the reporter first: the next owner then counts its undelivered
   * reports.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waiters) wake();
    await this.#ownership?.stop();
    await this.#follower.close();
  }

  #newMirror(partitions: number): LimitMirror {
    const mirror = new LimitMirror({
      partitions,
      whenNotCaughtUp: this.#options.whenNotCaughtUp ?? 'refuse',
      maxMessagePoints: parsePoints(this.#options.maxMessagePoints ?? String(DEFAULT_MAX_MESSAGE_POINTS)),
    });
    mirror.isOwner = () => this.#isOwner();
    return mirror;
  }

  #isOwner(): boolean {
    return (
      this.#knowsShare && !this.#closed && !this.#isHandingOver && (this.#ownership?.isConfirmed ?? false)
    );
  }

  #lane(partition: number): Lane {
    return this.#mirror.lanes[partition] as Lane;
  }

  #onBatch({ topic, records }: FollowedBatch): void {
    const mirror = this.#mirror;
    if (topic === TOPICS.profiles) for (const record of records) mirror.applyProfile(record);
    else if (topic === TOPICS.messages) for (const record of records) mirror.applyMessage(record);
    else
      for (const record of records) {
        const lane = mirror.applyLimit(record);
        // Before that phase no reports were read, so none must be read again.
        if (lane?.phase === 'reading' || lane?.phase === 'ready') this.#takeOver(lane);
      }
  }

  #onRound(): void {
    const nowMs = performance.now();
    const limitsAt = this.#follower.atEndSince(TOPICS.limits);
    const knownAt = Math.min(limitsAt, this.#follower.atEndSince(TOPICS.profiles));
    this.#mirror.knownUntil = knownAt + this.#staleAfterMs;
    for (const lane of this.#mirror.lanes) {
      if (lane.phase === 'foreign') continue;
      if (lane.phase === 'waiting' && lane.takenAt < knownAt) this.#readReports(lane);
      const position = this.#follower.position(TOPICS.messages, lane.partition);
      if (lane.phase === 'reading' && position !== undefined && position >= lane.end) lane.phase = 'ready';
      const reportsAt = this.#follower.atEndSince(TOPICS.messages, lane.partition);
      lane.freshUntil = Math.min(knownAt, reportsAt) + this.#staleAfterMs;
      const settled = lane.settle(nowMs, limitsAt);
      if (settled !== undefined) this.#mirror.reservations.settle(lane.partition, settled);
    }
    for (const wake of this.#waiters) wake();
  }

  /** Takes over a lane. Reports of others up to this position must be counted before it answers. */
  #takeOver(lane: Lane): void {
    this.#lose(lane);
    lane.phase = 'waiting';
    lane.takenAt = Number.POSITIVE_INFINITY;
    void this.#findEnd(lane, lane.epoch);
  }

  async #findEnd(lane: Lane, epoch: number): Promise<void> {
    while (!this.#closed && lane.epoch === epoch) {
      try {
        const { low, high } = await this.#follower.range(TOPICS.messages, lane.partition);
        if (lane.epoch !== epoch) return;
        lane.low = low;
        lane.end = high;
        lane.takenAt = performance.now();
        return;
      } catch (error) {
        this.#options.kafka.log?.warn(
          { partition: lane.partition, error: String(error) },
          'upstream: the end of the reports is not known, trying again',
        );
        await sleep(RETRY_MS);
      }
    }
  }

  /** All older limit records are read. Reports that they may not contain follow. */
  #readReports(lane: Lane): void {
    lane.phase = 'reading';
    const after = BigInt(lane.top + 1);
    // The ledger may be further than the log was at the take-over.
    let from = (after < lane.end ? after : lane.end) - READ_BACK_RECORDS;
    if (from < lane.low) from = lane.low;
    this.#follower.follow(TOPICS.messages, lane.partition, from);
  }

  #lose(lane: Lane): void {
    lane.epoch += 1;
    lane.phase = 'foreign';
    lane.freshUntil = Number.NEGATIVE_INFINITY;
    this.#follower.unfollow(TOPICS.messages, lane.partition);
    this.#mirror.reservations.removeFromLog(lane.partition);
  }

  /** Takes no more messages and waits until taken ones are reported, so that the next owner finds them in the log. */
  async #handOver(): Promise<void> {
    this.#isHandingOver = true;
    await this.#mirror.reservations.whenNoneOpen();
  }
}
