import { TOPICS } from '@subledger/contracts';
import { FencedError, type KafkaRecord } from '@subledger/kafka';
import type { Publication } from '../pipeline/batch-draft.js';
import { BooksCache } from '../pipeline/books-cache.js';
import { LaneMemory } from '../pipeline/lane-memory.js';
import { LaneFencedError } from '../store/lane-lease.js';
import type { TakenLane } from '../store/ledger-store.js';
import { LaneBrokenError } from './check-log.js';
import type { LanePorts, LaneState, LaneTask, TaskContext } from './lane-ports.js';
import { LanePublishing } from './lane-publishing.js';
import { LaneQueue } from './lane-queue.js';
import { PublishSnapshots } from './publish-snapshots.js';
import { takeOver } from './take-over.js';

/** Milliseconds that the end of a lane waits for its work. After that, only the next owner's fence protects. */
const END_TIMEOUT_MS = 8_000;

/**
 * One lane: the only writer of its partition's main accounts. It works on one batch at a time and publishes the
 * previous one meanwhile. After any failure with an unknown outcome it is taken over again.
 */
export class Lane {
  readonly #queue: LaneQueue;
  readonly #ending = new AbortController();
  readonly #paused = new Set<string>();
  readonly #periodicTasks = new Map<string, LaneTask>();
  #memory: LaneMemory | undefined;
  #publishing: LanePublishing | undefined;
  #working: Promise<void> | undefined;
  #current: LaneState = 'starting';
  /** Why the lane is not running. */
  reason = '';
  #stoppedAt = 0;
  /** Something failed, so the outcome of the last write may be unknown. */
  #isInDoubt = false;

  constructor(
    readonly lane: number,
    private readonly ports: LanePorts,
  ) {
    this.#queue = new LaneQueue(ports.timers);
  }

  get state(): LaneState {
    return this.#current;
  }

  /** The row's generation as this lane knows it. A higher one in the row is an operator's instruction to resume. */
  get generation(): number {
    return this.#current === 'broken' ? this.#stoppedAt : (this.#memory?.lease.generation ?? 0);
  }

  /** Next offset of a topic, or undefined before the first takeover. */
  nextOffset(topic: string): bigint | undefined {
    const offsets = this.#memory?.offsets;
    return topic === TOPICS.commands ? offsets?.commandOffset : offsets?.messageOffset;
  }

  /**
   * Takes the lane over and starts to work.
   * @throws during an outage: nothing is started, so call it again. A broken lane does not throw, but has the state
   *   `broken`
   */
  async start(): Promise<void> {
    try {
      this.#adopt(await takeOver(this.ports, this.lane, this.ports.publisher));
    } catch (error) {
      if (!(error instanceof LaneBrokenError)) throw error;
      this.break(error.detail, error.generation);
      return;
    }
    this.ports.metrics.takeovers.inc({ outcome: 'taken' });
    this.#current = 'running';
    this.#working = this.#run();
  }

  /** Queues fetched records. It returns at once. If there are too many, the lane pauses its partition. */
  enqueue(topic: string, records: readonly KafkaRecord[]): void {
    if (this.#isOver) return;
    this.#queue.push(topic, records);
    // The queue holds a batch, plus what the consumer has fetched beyond it. So fetching never waits for the
    // database, and the memory stays bounded.
    if (this.#queue.sizeOf(topic) >= this.ports.options.batch && !this.#paused.has(topic)) {
      this.#paused.add(topic);
      this.ports.pause(this.lane, topic);
    }
  }

  /** Stops the lane until an operator decides. Raises alarms by log, metric and readiness. */
  break(detail: string, generation = this.#memory?.lease.generation ?? 0): void {
    if (this.#isOver) return;
    this.#stoppedAt = generation;
    this.#current = 'broken';
    this.reason = detail;
    this.ports.metrics.takeovers.inc({ outcome: 'broken' });
    this.ports.log.error(
      { lane: this.lane, detail },
      'lane stopped, the books are as they were: an operator decides how to go on, see docs/operations/stopped-lane.md',
    );
    this.#ending.abort();
    this.#queue.wake();
    for (const topic of [TOPICS.commands, TOPICS.messages]) this.ports.pause(this.lane, topic);
  }

  /** Queues a task. */
  ask(task: LaneTask): void {
    if (this.#isOver || this.#periodicTasks.has(task.kind)) return;
    this.#periodicTasks.set(task.kind, task);
    this.#queue.wake();
  }

  /** Finishes the running batch and its publishing, with a time limit, and closes the publisher. */
  async end(): Promise<void> {
    if (this.#current !== 'broken') this.#current = 'ended';
    this.#ending.abort();
    this.#queue.wake();
    const bound = new AbortController();
    const work = (async () => {
      await this.#working;
      await this.#publishing?.drain();
      // A transaction that timed out here may still be carried out, and write an older cursor.
      if (!this.#isInDoubt) await this.#storeCursor().catch(() => undefined);
    })();
    await Promise.race([work, this.ports.timers.sleep(END_TIMEOUT_MS, bound.signal)]);
    bound.abort();
    this.#memory?.cache.clear();
    await this.ports.publisher.close();
  }

  get #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  #adopt(taken: TakenLane): void {
    const { budget, publisher, kafka, metrics, store } = this.ports;
    const readJournal = async (after: bigint, through: bigint) =>
      (await store.unpublished(this.lane, after, through)).map(({ record }) => record);
    this.#memory?.cache.clear();
    this.#memory = new LaneMemory(taken, new BooksCache(budget));
    // Their published records may be lost. Whoever requested them requests them again.
    this.#periodicTasks.clear();
    this.#publishing = new LanePublishing(
      { publisher, limiter: kafka, metrics, readJournal },
      this.#memory,
      () => this.#queue.wake(),
    );
  }

  async #run(): Promise<void> {
    let attempt = 0;
    while (!this.#isOver) {
      try {
        if (this.#isInDoubt) await this.#takeBack();
        this.#isInDoubt = false;
        await this.#work(() => {
          attempt = 0;
        });
      } catch (error) {
        if (error instanceof LaneBrokenError) return this.break(error.detail, error.generation);
        this.#isInDoubt = true;
        await this.#interrupt(error, attempt);
        attempt += 1;
      }
    }
  }

  /** Processes batches until the lane ends or something fails. */
  async #work(onProgress: () => void): Promise<void> {
    const { database, options } = this.ports;
    const publishing = this.#publishing as LanePublishing;
    const memory = this.#memory as LaneMemory;
    while (!this.#isOver) {
      publishing.assertWorking();
      await this.#workOnTask(memory, publishing);
      const taskInMs = this.#taskInMs();
      if (this.#queue.size === 0 && taskInMs === 0) continue;
      if (this.#queue.size === 0) {
        const isUnsettled = memory.isCursorDirty || publishing.isBusy;
        const waitMs = Math.min(taskInMs, isUnsettled ? options.idleCursorMs : Number.POSITIVE_INFINITY);
        await this.#queue.wait(Number.isFinite(waitMs) ? waitMs : undefined);
        if (this.#queue.size === 0 && !publishing.isBusy) await this.#storeCursor();
        continue;
      }
      await publishing.whenBelowLimit();
      const work = () =>
        this.#workOnBatch(memory, (publication) => this.#onCommitted(publication, publishing));
      await database.run(work, () => Math.min(this.#queue.size, options.batch));
      onProgress();
    }
  }

  /** Milliseconds until the next step of a task is due, or infinity without a task. */
  #taskInMs(): number {
    const dueAts = [...this.#periodicTasks.values()].map(({ dueAt = 0 }) => dueAt);
    return Math.max(0, Math.min(...dueAts) - this.ports.now());
  }

  /** Runs one step of the oldest due task, if there is one. Batches wait for one step at most. */
  async #workOnTask(memory: LaneMemory, publishing: LanePublishing): Promise<void> {
    const now = this.ports.now();
    const task = [...this.#periodicTasks.values()].find(({ dueAt = 0 }) => dueAt <= now);
    if (!task) return;
    await publishing.whenBelowLimit();
    const context: TaskContext = {
      memory,
      waiting: this.#queue.size,
      publish: (publication) => publishing.add(publication),
      published: async () => {
        await publishing.drain();
        publishing.assertWorking();
      },
    };
    const { database, options } = this.ports;
    const isDone = await database.run(
      () => task.step(context),
      () => task.places ?? options.batch,
    );
    if (isDone) this.#periodicTasks.delete(task.kind);
  }

  async #workOnBatch(memory: LaneMemory, publish: (publication: Publication) => void): Promise<void> {
    const { processor, options } = this.ports;
    // Taken only after the wait for a place, because more records may have arrived meanwhile.
    const records = this.#queue.take(options.batch, memory.offsets);
    if (records.length > 0) {
      try {
        await processor.process(memory, records, publish);
      } catch (error) {
        // Records that were committed after all are dropped by their offsets after the takeover.
        this.#queue.putBack(records);
        throw error;
      }
    }
    this.#resumeDrained();
  }

  #onCommitted(publication: Publication, publishing: LanePublishing): void {
    publishing.add(publication);
    for (const order of publication.snapshotRequests ?? []) {
      this.ask(new PublishSnapshots(this.ports.store, this.ports.now));
      (this.#periodicTasks.get(PublishSnapshots.kind) as PublishSnapshots | undefined)?.add(order);
    }
  }

  #resumeDrained(): void {
    // The partition stays paused for the next lane.
    if (this.#isOver) return;
    for (const topic of this.#paused) {
      if (this.#queue.sizeOf(topic) > this.ports.options.batch / 2) continue;
      this.#paused.delete(topic);
      this.ports.resume(this.lane, topic);
    }
  }

  async #storeCursor(): Promise<void> {
    const memory = this.#memory;
    if (!memory?.isCursorDirty) return;
    const sequence = memory.published;
    await this.ports.store.advanceCursor(memory.lease, sequence);
    memory.cursorStored({ sequence });
  }

  /** After any failure: ends publishing and waits. The lane is then taken over again before it continues. */
  async #interrupt(cause: unknown, attempt: number): Promise<void> {
    if (this.#isOver) return;
    const { log, options, timers } = this.ports;
    const isFenced = await this.#isFencedBy(cause);
    this.#current = isFenced ? 'fenced' : 'waiting';
    this.reason = cause instanceof Error ? cause.message : String(cause);
    await this.#publishing?.drain();
    const { from, to } = options.retryMs;
    // Jitter, so that the lanes of many processes do not all come back at the same moment.
    const backoffMs = Math.min(to, from * 2 ** Math.min(attempt, 16)) * (0.5 + timers.random() / 2);
    const delayMs = Math.round(isFenced ? options.fencedRetryMs : backoffMs);
    log.warn({ lane: this.lane, state: this.#current, delayMs, err: cause }, 'lane interrupted');
    await timers.sleep(delayMs, this.#ending.signal);
  }

  /**
   * Whether a newer owner has the lane. A publisher can also be fenced without a new owner, if the coordinator ends a
   * transaction that took too long. A write can be fenced because the database was restored. In both cases the epoch
   * is still ours.
   */
  async #isFencedBy(cause: unknown): Promise<boolean> {
    const lease = this.#memory?.lease;
    if (!(cause instanceof LaneFencedError || cause instanceof FencedError) || !lease) return false;
    // If the database does not answer either, the takeover decides.
    return this.ports.store.readOwner(this.lane).then(
      (now) => now?.epoch !== lease.epoch || now.owner !== this.ports.owner,
      () => cause instanceof LaneFencedError,
    );
  }

  /** Takes the lane over again, with the positions of the database and the log. */
  async #takeBack(): Promise<void> {
    const before = this.#memory;
    const taken = await takeOver(this.ports, this.lane, this.ports.publisher);
    if (before) this.#assertContinues(before, taken);
    this.#adopt(taken);
    this.ports.metrics.takeovers.inc({ outcome: 'retaken' });
    this.#current = 'running';
    this.reason = '';
  }

  /** The queue continues at the lane's old position. If the row has another position, the lane must be read anew. */
  #assertContinues({ lease, offsets }: LaneMemory, taken: TakenLane): void {
    const { generation } = taken.lease;
    if (generation > lease.generation) {
      // Stopped with the old generation, so that it is recognized as an operator's instruction and taken up within
      // seconds.
      const detail = `an operator lets it go on in generation ${generation}: it is read anew from where the row says`;
      throw new LaneBrokenError(this.lane, detail, lease.generation);
    }
    if (taken.commandOffset < offsets.commandOffset || taken.messageOffset < offsets.messageOffset) {
      const detail = 'the database has lost commits that it had acknowledged: was it restored from a backup?';
      throw new LaneBrokenError(this.lane, detail, generation);
    }
  }
}
