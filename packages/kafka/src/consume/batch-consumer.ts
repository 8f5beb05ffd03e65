import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../backoff.js';
import { type KafkaConfig, partitionKey, type TopicPartition } from '../config.js';
import { errorCode } from '../errors.js';
import { LogReader } from '../follow/log-reader.js';
import { AssignmentAnnouncer } from './assignment-announcer.js';
import type { BatchConsumerOptions, ConsumerState } from './consumer-options.js';
import { DEFAULT_SESSION_TIMEOUT_MS, type GroupEvents, GroupSession, type Joined } from './group-session.js';
import { OffsetCommitter, type OffsetToCommit } from './offset-committer.js';
import { type FeedBatch, PartitionFeed } from './partition-feed.js';

const RELAUNCH_BASE_MS = 200;
const RELAUNCH_MAX_MS = 10_000;

/**
 * Reads topics in a consumer group, in batches per partition. It reconnects after outages of the brokers, without a
 * time limit. `state`, `onCrash` and `lastPollAgeMs` show how it is doing.
 *
 * At least once: a batch may be delivered again after a failure, a rebalance or a restart.
 */
export class BatchConsumer {
  /** Called after each crash. A new consumer is then made. May be set at any time. */
  onCrash: ((error: Error) => void) | undefined;
  readonly #config: KafkaConfig;
  readonly #options: BatchConsumerOptions;
  readonly #reader: LogReader;
  readonly #committer: OffsetCommitter;
  readonly #feeds = new Map<string, PartitionFeed>();
  #state: ConsumerState = 'starting';
  #session: GroupSession | undefined;
  #joined: Joined | undefined;
  #launching: Promise<void> | undefined;
  readonly #firstJoin = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  readonly #announcer: AssignmentAnnouncer;

  constructor(config: KafkaConfig, options: BatchConsumerOptions) {
    this.#config = config;
    this.#options = options;
    this.onCrash = options.onCrash;
    this.#announcer = new AssignmentAnnouncer(options, this.#stopping.signal, config.log);
    this.#reader = new LogReader(config);
    this.#committer = new OffsetCommitter((offsets) => this.#commitNow(offsets), config.log);
    // No caller may be waiting for it when `stop` rejects it.
    this.#firstJoin.promise.catch(() => undefined);
  }

  get state(): ConsumerState {
    return this.#state;
  }

  /**
   * Milliseconds since the last fetch began. It grows without limit while the consumer is stuck. For liveness checks.
   */
  get lastPollAgeMs(): number {
    return this.#session?.lastPollAgeMs ?? Number.POSITIVE_INFINITY;
  }

  /** Milliseconds since the group last confirmed the membership, by a heartbeat or a join. */
  get confirmedAgeMs(): number {
    return this.#session?.confirmedAgeMs ?? Number.POSITIVE_INFINITY;
  }

  /**
   * For readiness checks.
   * @throws Error if it does not read, or if that is unknown; the message says why
   */
  assertReading(): void {
    const { silence } = this.#session ?? {};
    if (this.#state !== 'running') throw new Error(`the consumer is ${this.#state}`);
    if (silence) throw new Error(silence);
  }

  /** Milliseconds for which the oldest handler has been running. Heartbeats continue meanwhile, so watch it. */
  get oldestHandlerMs(): number {
    return Math.max(0, ...[...this.#feeds.values()].map((feed) => feed.runningMs));
  }

  /** The partitions that this member has now. */
  get assignment(): TopicPartition[] {
    return [...this.#feeds.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /**
   * Resolves with the first assignment, however long the brokers are unreachable.
   * @throws Error only if it is stopped before
   */
  async start(): Promise<void> {
    if (this.#state === 'stopped') throw new Error('The consumer was stopped');
    this.#launching ??= this.#launch();
    await this.#firstJoin.promise;
  }

  /** Waits for running handlers (at most `drainTimeoutMs`), calls `onRevoked`, leaves the group and disconnects. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#stopping.abort();
    this.#firstJoin.reject(new Error('The consumer was stopped'));
    await this.#drain(this.#options.drainTimeoutMs ?? 10_000);
    this.#dropFeeds();
    await this.#bounded(this.#announcer.settled, this.#options.drainTimeoutMs ?? 10_000);
    this.#committer.close();
    await this.#launching;
    await this.#session?.close();
    await this.#reader.close();
  }

  /** Stops the delivery of further batches of these partitions. Losing a partition clears its pause. */
  pause(partitions: TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#feed(topic, partition)?.hold('application');
  }

  resume(partitions: TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#feed(topic, partition)?.release('application');
  }

  /**
   * The next batch starts at `offset`. Batches that were fetched but not delivered are dropped. A running handler is
   * not stopped.
   */
  seek(topic: string, partition: number, offset: bigint): void {
    this.#feed(topic, partition)?.seek(offset);
  }

  /**
   * Commits offsets to the group, for lag monitoring or as a start position. `offset` is the next offset to read.
   * Best effort: it resolves after success or failure, never rejects, and ignores partitions that this member does
   * not have.
   */
  async commit(offsets: OffsetToCommit[]): Promise<void> {
    for (const offset of offsets) if (this.#feed(offset.topic, offset.partition)) this.#committer.add(offset);
    await this.#committer.flush();
  }

  /** First and next offset of a partition's log. @throws KafkaUnavailableError | KafkaRejectedError */
  async logRange(topic: string, partition: number): Promise<{ low: bigint; high: bigint }> {
    return this.#reader.range(topic, partition);
  }

  #feed(topic: string, partition: number): PartitionFeed | undefined {
    return this.#feeds.get(partitionKey(topic, partition));
  }

  /** Retries until it has joined. Outages only delay it. */
  async #launch(): Promise<void> {
    for (let attempt = 0; this.#state !== 'stopped'; attempt += 1) {
      const session = new GroupSession(this.#config, this.#options, this.#events());
      this.#session = session;
      try {
        await session.run();
        return;
      } catch (error) {
        await session.close();
        if (this.#isStopped()) return;
        this.#reportCrash(error as Error);
        await sleep(backoffMs(attempt, RELAUNCH_BASE_MS, RELAUNCH_MAX_MS), undefined, {
          signal: this.#stopping.signal,
        }).catch(() => undefined);
      }
    }
  }

  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  #events(): GroupEvents {
    return {
      owned: () => ({ generation: this.#joined?.generation ?? -1, partitions: this.assignment }),
      beforeJoin: () => this.#beforeJoin(),
      onJoined: (joined) => this.#onJoined(joined),
      onFetched: (topic, partition, batch) => {
        const isTaken = this.#feed(topic, partition)?.accept(batch) ?? false;
        if (isTaken) this.#options.onFetched?.(batch.records);
        return isTaken;
      },
      onSkipped: (topic, partition, next) => this.#feed(topic, partition)?.skip(next),
      onOutOfRange: (topic, partition) => this.#onOutOfRange(topic, partition),
      onCrash: (session, error) => this.#onCrashed(session, error),
    };
  }

  async #beforeJoin(): Promise<void> {
    // This wait has no heartbeats, so it is limited to a third of the session.
    const sessionMs = this.#options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS;
    await this.#drain(Math.min(this.#options.drainTimeoutMs ?? 10_000, sessionMs / 3));
  }

  async #drain(boundMs: number): Promise<void> {
    if (this.#feeds.size === 0) return;
    const drained = Promise.all([
      ...[...this.#feeds.values()].map((feed) => feed.drain()),
      this.#options.beforeRejoin?.().catch(() => undefined),
    ]);
    await this.#bounded(
      drained.then(() => this.#committer.flush()),
      boundMs,
    );
  }

  async #bounded(work: Promise<unknown>, boundMs: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([work, sleep(boundMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }

  /** Runs inside kafkajs's join, before the next fetch, so that changed offsets and pauses take effect in time. */
  #onJoined(joined: Joined): void {
    if (this.#isStopped()) return;
    const before = this.#joined;
    this.#joined = joined;
    // Then no other member can have had our partitions between the two generations.
    const isNext = before?.memberId === joined.memberId && before.generation + 1 === joined.generation;
    const assigned = new Set(joined.partitions.map((at) => partitionKey(at.topic, at.partition)));
    const lost: PartitionFeed[] = [];
    for (const [key, feed] of this.#feeds) {
      if (isNext && joined.generation >= 0 && assigned.has(key)) {
        feed.restore();
      } else {
        lost.push(feed);
        this.#drop(key, feed);
      }
    }
    const gained = joined.partitions
      .filter((at) => !this.#feeds.has(partitionKey(at.topic, at.partition)))
      .map((at) => this.#add(at));
    this.#state = 'running';
    const log = {
      groupId: this.#options.groupId,
      generation: joined.generation,
      lost: lost.length,
      gained: gained.length,
      held: this.#feeds.size,
    };
    this.#config.log?.info(log, 'kafka: joined the group');
    this.#announcer.announce(lost, gained);
    this.#options.onRejoined?.();
    void this.#announcer.settled.then(() => this.#firstJoin.resolve());
  }

  #add(at: TopicPartition): PartitionFeed {
    const { topic, partition } = at;
    const session = this.#session!;
    const feed: PartitionFeed = new PartitionFeed(topic, partition, {
      deliver: (batch) => this.#deliver(topic, partition, batch),
      done: (next) => {
        if (this.#options.commit === 'after-batch') this.#committer.add({ topic, partition, offset: next });
      },
      pause: () => session.pause(topic, partition),
      resume: () => session.resume(topic, partition),
      seek: (offset) => session.seek(topic, partition, offset),
      fetchRound: () => session.fetchRound,
      log: this.#config.log,
    });
    this.#feeds.set(partitionKey(topic, partition), feed);
    feed.hold('assigning');
    return feed;
  }

  async #deliver(topic: string, partition: number, batch: FeedBatch): Promise<void> {
    await this.#options.onBatch({
      topic,
      partition,
      records: batch.records,
      highWatermark: batch.highWatermark,
      generationId: this.#joined?.generation ?? -1,
    });
  }

  #drop(key: string, feed: PartitionFeed): void {
    feed.close();
    this.#feeds.delete(key);
    this.#committer.forget(feed.topic, feed.partition);
  }

  #dropFeeds(): void {
    const lost = [...this.#feeds.values()];
    for (const [key, feed] of this.#feeds) this.#drop(key, feed);
    this.#joined = undefined;
    this.#announcer.announce(lost, []);
  }

  #onOutOfRange(topic: string, partition: number): void {
    const feed = this.#feed(topic, partition);
    if (!feed) return;
    const at = {
      topic,
      partition,
      offset: feed.position === undefined ? 'committed' : String(feed.position),
    };
    const callback = this.#options.onOffsetOutOfRange;
    if (callback) feed.hold('out-of-range');
    this.#config.log?.error(
      at,
      callback ? 'kafka: offset is not in the log, partition held' : 'kafka: offset is not in the log, reset',
    );
    feed.forgetPosition();
    callback?.({ topic, partition });
  }

  #onCrashed(session: GroupSession, error: Error): void {
    if (session !== this.#session || this.#isStopped()) return;
    this.#reportCrash(error);
    this.#launching = session.close().then(async () => {
      await sleep(backoffMs(0, RELAUNCH_BASE_MS, RELAUNCH_MAX_MS));
      await this.#launch();
    });
  }

  #reportCrash(error: Error): void {
    this.#state = 'crashed';
    this.#dropFeeds();
    const fields = { groupId: this.#options.groupId, error: String(error) };
    // The broker has just started. This is normal, and a first `npm start` should not log a warning.
    if (errorCode(error) === 'GROUP_LOAD_IN_PROGRESS')
      this.#config.log?.info(fields, 'kafka: the broker is still loading its groups, trying again');
    else this.#config.log?.error(fields, 'kafka: consumer crashed, making a new one');
    this.onCrash?.(error);
  }

  async #commitNow(offsets: OffsetToCommit[]): Promise<void> {
    await this.#session?.commit(offsets);
  }
}
