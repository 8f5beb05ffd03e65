import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Consumer, EachBatchPayload } from 'kafkajs';
import type { KafkaConfig, TopicPartition } from '../config.js';
import { KafkaUnavailableError, toTransportError } from '../errors.js';
import { createClient, TopicNames } from '../kafkajs/client.js';
import type { LibraryLogEntry } from '../kafkajs/client-log.js';
import { FetchedRecord } from '../kafkajs/fetched-record.js';
import type { BatchConsumerOptions } from './consumer-options.js';
import { createPartitionAssigner, UNKNOWN_GENERATION } from './group-protocol.js';
import type { OffsetToCommit } from './offset-committer.js';
import type { FeedBatch } from './partition-feed.js';
import { nextSessionState, type SessionEvent, type SessionState, silenceOf } from './session-states.js';

export interface Joined {
  memberId: string;
  generation: number;
  partitions: TopicPartition[];
}

const DEFAULT_MIN_FETCH_INTERVAL_MS = 4;
export const DEFAULT_SESSION_TIMEOUT_MS = 15_000;
const METADATA_MAX_AGE_MS = 30_000;
const WATCH_EVERY_MS = 500;
/**
 * Leaving the group takes a request. If the broker does not answer in time, close without it: the group notices by
 * itself.
 */
const CLOSE_TIMEOUT_MS = 5_000;

/** Topic names here are without prefix. */
export interface GroupEvents {
  owned(): { generation: number; partitions: TopicPartition[] };
  beforeJoin(): Promise<void>;
  onJoined(joined: Joined): void;
  /** @returns whether the batch was taken */
  onFetched(topic: string, partition: number, batch: FeedBatch): boolean;
  onSkipped(topic: string, partition: number, next: bigint): void;
  onOutOfRange(topic: string, partition: number): void;
  onCrash(session: GroupSession, error: Error): void;
}

/**
 * kafkajs only logs that an offset is out of range, and resets it. This is the log text of 2.2.4. A test detects a
 * change.
 */
const OUT_OF_RANGE = 'Offset out of range, resetting to default offset';

/** Not in kafkajs's types. */
interface InnerBatch extends Batch {
  fetchedOffset: string;
}

/**
 * One life of a kafkajs consumer, from connecting to its crash or close. A crash is final, and so is a broker that
 * does not answer for longer than the session (see `session-states.ts`). This class handles kafkajs, and does not
 * know what the batches are used for.
 */
export class GroupSession {
  readonly #options: BatchConsumerOptions;
  readonly #names: TopicNames;
  readonly #events: GroupEvents;
  readonly #consumer: Consumer;
  #generation = UNKNOWN_GENERATION;
  #fetchRound = 0;
  #lastPoll = performance.now();
  #lastConfirmed = Number.NEGATIVE_INFINITY;
  #state: SessionState = 'connecting';
  #enteredState = performance.now();
  /** When each fetch under way began, by broker. */
  readonly #fetches = new Map<string, number>();
  #hasJoined = false;
  /** Rejects with the cause of the session's failure. */
  readonly #failed = Promise.withResolvers<never>();
  readonly #watch: NodeJS.Timeout;

  constructor(config: KafkaConfig, options: BatchConsumerOptions, events: GroupEvents) {
    this.#options = options;
    this.#events = events;
    this.#names = new TopicNames(config);
    const client = createClient(config, {
      retries: 5,
      initialRetryTimeMs: 100,
      maxRetryTimeMs: 1_500,
      watchLog: (entry) => this.#watchLog(entry),
    });
    const sessionTimeout = this.#sessionTimeoutMs;
    this.#consumer = client.consumer({
      groupId: options.groupId,
      sessionTimeout,
      // A heartbeat detects a rebalance.
      heartbeatInterval: Math.min(1_000, Math.floor(sessionTimeout / 3)),
      rebalanceTimeout: Math.max(60_000, sessionTimeout),
      maxWaitTimeInMs: options.maxWaitTimeMs ?? 5,
      maxBytesPerPartition: options.maxBytesPerPartition ?? 1024 * 1024,
      allowAutoTopicCreation: false,
      // How soon new partitions of a topic are detected and read.
      metadataMaxAge: METADATA_MAX_AGE_MS,
      readUncommitted: false,
      retry: { retries: 5, initialRetryTime: 100, maxRetryTime: 1_500, restartOnFailure: async () => false },
      partitionAssigners: [
        createPartitionAssigner({
          coPartitioned: options.coPartitioned ?? false,
          owned: () => this.#ownedOnWire(),
          beforeJoin: async () => {
            this.#step('join-begun');
            await this.#events.beforeJoin();
          },
          onGeneration: (generation) => {
            this.#generation = generation;
          },
        }),
      ],
    });
    this.#listen();
    // No caller may be waiting for it.
    this.#failed.promise.catch(() => undefined);
    this.#watch = setInterval(() => this.#lookForSilence(), WATCH_EVERY_MS).unref();
  }

  get #sessionTimeoutMs(): number {
    return this.#options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS;
  }

  /** The request that the broker has not answered for too long, as a text, or null. */
  get silence(): string | null {
    const now = performance.now();
    return silenceOf({
      state: this.#state,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      inStateMs: now - this.#enteredState,
      confirmedMs: now - this.#lastConfirmed,
      fetchMs: now - Math.min(now, ...this.#fetches.values()),
    });
  }

  /** Counts fetch requests. */
  get fetchRound(): number {
    return this.#fetchRound;
  }

  get lastPollAgeMs(): number {
    return performance.now() - this.#lastPoll;
  }

  /** Milliseconds since the group last answered a heartbeat or a join. */
  get confirmedAgeMs(): number {
    return performance.now() - this.#lastConfirmed;
  }

  /** Resolves when it has joined the group. @throws KafkaUnavailableError | KafkaRejectedError | Error */
  async run(): Promise<void> {
    // If the join fails, kafkajs does not throw from `run`: it emits a crash.
    await Promise.race([this.#run(), this.#failed.promise]);
  }

  async #run(): Promise<void> {
    try {
      await this.#consumer.connect();
      await this.#consumer.subscribe({
        topics: this.#options.topics.map((topic) => this.#names.toWire(topic)),
        fromBeginning: this.#options.fromBeginning,
      });
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        // The handler returns at once, so a higher number gains nothing. It must not be 1: then kafkajs would deliver
        // the batches of a round one after the other, with a heartbeat request between them.
        partitionsConsumedConcurrently: 64,
        eachBatch: async (payload) => {
          this.#onBatch(payload);
          await this.#pace();
        },
      });
    } catch (error) {
      throw toTransportError('join the group', error);
    }
    // kafkajs emits the crash after its clean-up, which is before it returns.
    if (!this.#hasJoined) await this.#failed.promise;
  }

  pause(topic: string, partition: number): void {
    if (this.#isUsable())
      this.#consumer.pause([{ topic: this.#names.toWire(topic), partitions: [partition] }]);
  }

  resume(topic: string, partition: number): void {
    if (this.#isUsable())
      this.#consumer.resume([{ topic: this.#names.toWire(topic), partitions: [partition] }]);
  }

  seek(topic: string, partition: number, offset: bigint): void {
    if (this.#isUsable())
      this.#consumer.seek({ topic: this.#names.toWire(topic), partition, offset: String(offset) });
  }

  async commit(offsets: OffsetToCommit[]): Promise<void> {
    if (!this.#isUsable()) return;
    await this.#consumer.commitOffsets(
      offsets.map(({ topic, partition, offset }) => ({
        topic: this.#names.toWire(topic),
        partition,
        offset: String(offset),
      })),
    );
  }

  /** Leaves the group if the broker answers in time. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#step('closed');
    clearInterval(this.#watch);
    const bound = new AbortController();
    const left = this.#consumer.disconnect().catch(() => undefined);
    await Promise.race([
      left,
      sleep(CLOSE_TIMEOUT_MS, undefined, { signal: bound.signal }).catch(() => undefined),
    ]);
    bound.abort();
  }

  /** After a crash or a stop, kafkajs throws on pause, resume and seek, and there is nothing left to pause. */
  #isUsable(): boolean {
    return this.#state !== 'closed' && this.#state !== 'failed';
  }

  /** @throws SessionEndedError inside kafkajs, which stops its current action */
  #step(event: SessionEvent): void {
    const next = nextSessionState(this.#state, event);
    if (next !== this.#state) this.#enteredState = performance.now();
    this.#state = next;
  }

  #lookForSilence(): void {
    const { silence } = this;
    if (silence !== null) this.#fail('silent', new KafkaUnavailableError(silence));
  }

  #fail(event: 'silent' | 'crashed', error: Error): void {
    const isFirst = this.#isUsable();
    this.#step(event);
    if (!isFirst) return;
    this.#failed.reject(error);
    if (this.#hasJoined) this.#events.onCrash(this, error);
  }

  #listen(): void {
    const { events } = this.#consumer;
    // kafkajs emits these events synchronously, in the middle of the step that they report.
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      this.#step('joined');
      this.#hasJoined = true;
      this.#fetches.clear();
      this.#lastConfirmed = performance.now();
      this.#events.onJoined({
        memberId: payload.memberId,
        generation: this.#generation,
        partitions: Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
          partitions.map((partition) => ({ topic: this.#names.fromWire(topic), partition })),
        ),
      });
    });
    this.#consumer.on(events.HEARTBEAT, () => {
      this.#step('confirmed');
      this.#lastConfirmed = performance.now();
    });
    this.#consumer.on(events.FETCH_START, ({ payload }) => {
      this.#fetchRound += 1;
      this.#lastPoll = performance.now();
      this.#fetches.set(String(payload.nodeId), this.#lastPoll);
    });
    this.#consumer.on(events.FETCH, ({ payload }) => this.#fetches.delete(String(payload.nodeId)));
    // Batches that contain only control or aborted records never reach `eachBatch`, but they move kafkajs's position.
    this.#consumer.on(events.START_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0)
        this.#events.onSkipped(
          this.#names.fromWire(payload.topic),
          payload.partition,
          BigInt(payload.lastOffset) + 1n,
        );
    });
    this.#consumer.on(events.CRASH, ({ payload }) => {
      this.#fail('crashed', toTransportError('consume', payload.error));
    });
  }

  /**
   * Delays kafkajs's next fetch, which follows when this resolves. Under a steady trickle of records each record
   * would otherwise cause a fetch, and requests, not records, keep broker and process busy. A single record finds a
   * fetch waiting at the broker and is not delayed.
   */
  async #pace(): Promise<void> {
    const interval = this.#options.minFetchIntervalMs ?? DEFAULT_MIN_FETCH_INTERVAL_MS;
    const rest = this.#lastPoll + interval - performance.now();
    if (rest > 0 && this.#isUsable()) await sleep(rest);
  }

  #onBatch({ batch, resolveOffset, isStale }: EachBatchPayload): void {
    if (!this.#isUsable() || isStale()) return;
    const topic = this.#names.fromWire(batch.topic);
    const { partition, messages } = batch;
    const last = messages.at(-1);
    if (!last) return;
    const records = messages.map((message) => new FetchedRecord(topic, partition, message));
    const isTaken = this.#events.onFetched(topic, partition, {
      records,
      highWatermark: BigInt(batch.highWatermark),
      from: BigInt((batch as InnerBatch).fetchedOffset),
      next: BigInt(batch.lastOffset()) + 1n,
    });
    // kafkajs fetches unresolved offsets again.
    if (isTaken) resolveOffset(last.offset);
  }

  #ownedOnWire(): { generation: number; partitions: TopicPartition[] } {
    const { generation, partitions } = this.#events.owned();
    return {
      generation,
      partitions: partitions.map(({ topic, partition }) => ({ topic: this.#names.toWire(topic), partition })),
    };
  }

  #watchLog({ log }: LibraryLogEntry): void {
    if (log.message === OUT_OF_RANGE)
      this.#events.onOutOfRange(this.#names.fromWire(String(log.topic)), Number(log.partition));
  }
}
