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
 * Reads topics in a consumer group, in batches per partition. Survives outages of the brokers by itself, without a
 * limit; `state`, `onCrash` and `lastPollAgeMs` tell.
 *
 * At least once: a batch may be delivered again after a failure, a rebalance or a restart.
 */
export class BatchConsumer {
  /** Called with each crash, after which the consumer is made anew. May be set at any time. */
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
    // Nobody may be waiting for it when `stop` rejects it.
    this.#firstJoin.promise.catch(() => undefined);
  }

  get state(): ConsumerState {
    return this.#state;
  }

  /** Milliseconds since the last fetch was begun; grows without end when the consumer is stuck. For liveness. */
  get lastPollAgeMs(): number {
    return this.#session?.lastPollAgeMs ?? Number.POSITIVE_INFINITY;
  }

  /** Milliseconds since the group last confirmed the membership, by a heartbeat or a join. */
  get confirmedAgeMs(): number {
    return this.#session?.confirmedAgeMs ?? Number.POSITIVE_INFINITY;
  }

  /** @throws Error saying why it does not read, or cannot be known to; for readiness */
  assertReading(): void {
    const { silence } = this.#session ?? {};
    if (this.#state !== 'running') throw new Error(`the consumer is ${this.#state}`);
    if (silence) throw new Error(silence);
  }

  /** Milliseconds for which the oldest handler has been running. Heartbeats go on meanwhile, so watch it. */
  get oldestHandlerMs(): number {
    return Math.max(0, ...[...this.#feeds.values()].map((feed) => feed.runningMs));
  }

  /** The partitions held now. */
  get assignment(): TopicPartition[] {
    return [...this.#feeds.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  /** Resolves with the first assignment, however long the brokers take to come; rejects only if stopped before. */
  async start(): Promise<void> {
    if (this.#state === 'stopped') throw new Error('The consumer was stopped');
    this.#launching ??= this.#launch();
    await this.#firstJoin.promise;
  }

  /** Waits for handlers in work (bounded), calls `onRevoked`, leaves the group and disconnects. */
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

  /** No further batch of them is delivered. Forgotten when the partition is lost. */
  pause(partitions: TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#feed(topic, partition)?.hold('application');
  }

  resume(partitions: TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#feed(topic, partition)?.release('application');
  }

  /** The next batch starts at `offset`; whatever was fetched before is dropped. A handler in work is not stopped. */
  seek(topic: string, partition: number, offset: bigint): void {
    this.#feed(topic, partition)?.seek(offset);
  }

  /**
   * Commits to the group, for those who watch its lag or start from it. `offset` is the next to read. Best effort:
   * resolves when it is done or has failed, never rejects; partitions that are not held are passed over.
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

  /** Until it has joined. Outages only make it take longer. */
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
    // Without heartbeats while this waits: so only a third of the session.
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

  /** Runs inside kafkajs's join, before the next fetch: all it does to offsets and pauses takes effect in time. */
  #onJoined(joined: Joined): void {
    if (this.#isStopped()) return;
    const before = this.#joined;
    this.#joined = joined;
    // Nobody else can have had a partition that was ours in this generation and in the one before it.
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
    // A broker that has just started: nothing is wrong, and a first `npm start` should not look as if it were.
    if (errorCode(error) === 'GROUP_LOAD_IN_PROGRESS')
      this.#config.log?.info(fields, 'kafka: the broker is still loading its groups, trying again');
    else this.#config.log?.error(fields, 'kafka: consumer crashed, making a new one');
    this.onCrash?.(error);
  }

  async #commitNow(offsets: OffsetToCommit[]): Promise<void> {
    await this.#session?.commit(offsets);
  }
}
