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
  /** Default: one instance for everything. */
  readonly ownership?: Ownership;
  /**
   * Lanes of the ledger (its `KAFKA_PARTITIONS`), where `sms.messages.v1` was given more partitions than that. Default:
   * the partitions that the topic has at the start.
   */
  readonly lanes?: number;
  /**
   * What to answer while the present figures are not known. `refuse` (default): `not-caught-up`. `allow`: by what is
   * known, and yes where nothing is; what is sent beyond a limit is then paid by the main account, as overage.
   */
  readonly whenNotCaughtUp?: 'refuse' | 'allow';
  /** Milliseconds without being up to date with the brokers after which figures do not count as present. Default 5,000. */
  readonly staleAfterMs?: number;
  /** What one message may cost, in points: the ledger's `MAX_MESSAGE_POINTS`, whose operator tells it. Default "10000". */
  readonly maxMessagePoints?: string;
}

/** How the feed is doing, for logs and metrics. */
export interface FeedStatus {
  readonly caughtUp: boolean;
  readonly subAccounts: number;
  /** Records of the limits and profiles topics that were not read yet. */
  readonly lagRecords: number;
  /** Messages that are counted beside the limit records. */
  readonly reserved: number;
  /** Records that broke the contract, and were passed over. */
  readonly unreadable: number;
  /** Partitions of `sms.messages.v1` that this instance answers for, and those of them that are ready. */
  readonly owned: readonly number[];
  readonly ready: readonly number[];
}

/** A batch of the ledger has at most 10,000 records; so far back at least every effect is in a record that is out. */
const READ_BACK_RECORDS = 65_536n;
const RETRY_MS = 500;

/**
 * Follows `subaccount.limits.v1` and `subaccount.profiles.v1` and answers at once, from memory, whether a message may
 * be sent; see the README for what is promised. Outages are survived without help.
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
        // Not what was read before: a topic made anew, or retention. The lane is gone through again.
        if (topic === TOPICS.messages) this.#takeOver(this.#lane(partition));
        return low;
      },
    });
  }

  /**
   * Begins to read, and resolves when it knows its share of the partitions; `ready` says when it can answer.
   * @throws KafkaUnavailableError when no broker can be reached now
   * @throws RangeError for an `ownership` that cannot be
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
   * Resolves once it is caught up: the figures of all sub-accounts are here, and those of its own lanes can be answered
   * for. @throws Error after `timeoutMs` (default: never), or when it is closed
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

  /** Whether it knows the present figures, and its share of the main accounts. */
  isCaughtUp(): boolean {
    const nowMs = performance.now();
    if (!this.#knowsShare || !this.#isOwner() || nowMs > this.#mirror.knownUntil) return false;
    return this.#mirror.lanes.every(
      ({ phase, freshUntil }) => phase === 'foreign' || (phase === 'ready' && nowMs <= freshUntil),
    );
  }

  /**
   * Whether a message may be sent now. Synchronous, some microseconds. It promises nothing for a second message: use
   * `take` where more than one may be under way. @throws RangeError for `points` that are no amount
   */
  check(question: Question): Verdict {
    return this.#mirror.check(question, performance.now());
  }

  /**
   * Checks and reserves the points in one step, so that a burst cannot spend what is already under way. Afterwards
   * either report the message (`MessageReporter`) or `giveBack`. The same message again gets the same answer.
   *
   * @throws RangeError for `points` that are no amount
   * @throws Error when the message id is in use for another message
   */
  take(question: Question & { readonly messageId: string }): Verdict {
    return this.#mirror.take(question, performance.now());
  }

  /** A message that was taken was not sent after all. @returns false if it was not taken, or was reported already */
  giveBack(messageId: string): boolean {
    return this.#mirror.giveBack(messageId);
  }

  /**
   * Whether a sub-account may send as this, by the profile of this moment; undefined while that is not known.
   */
  allowsSender(subAccountId: string, sender: string): boolean | undefined {
    return this.#mirror.allowsSender(subAccountId, sender, performance.now());
  }

  /** The last limit record of a sub-account. */
  get(subAccountId: string): SubAccountLimits | undefined {
    return this.#mirror.table.limits(subAccountId);
  }

  /** All sub-accounts known, in no order that means anything. */
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

  /** For `MessageReporter`: it is about to write this. */
  reporting(sent: SentFact): void {
    this.#mirror.reporting(sent);
  }
  /** For `MessageReporter`: the broker has it. */
  written(messageId: string, place: WrittenRecord): void {
    this.#mirror.written(messageId, place);
  }
  /** For `MessageReporter`: it was not written, or that is not known. */
  notWritten(messageId: string): void {
    this.#mirror.notWritten(messageId);
  }

  /** Hands its lanes over and stops reading. Close the reporter first: what it still has is then counted by whoever follows. */
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
        // Before it reads reports it has nothing to read again.
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

  /** A lane is ours from now on: what others have reported up to here must be counted before it is answered for. */
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

  /** The limit records of before are read: reports that they may not contain come next. */
  #readReports(lane: Lane): void {
    lane.phase = 'reading';
    const after = BigInt(lane.top + 1);
    // The ledger may be further than the log was when the lane was taken over.
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

  /** Takes nothing more, and lets what was taken be reported, so that the next owner finds it in the log. */
  async #handOver(): Promise<void> {
    this.#isHandingOver = true;
    await this.#mirror.reservations.whenNoneOpen();
  }
}
