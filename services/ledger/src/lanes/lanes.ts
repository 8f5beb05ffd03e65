import { TOPICS } from '@subledger/contracts';
import { type KafkaRecord, partitionFor, partitionKey, type TopicPartition } from '@subledger/kafka';
import type { DueHold, OwnedId } from '../store/known.js';
import type { LaneOrders } from '../store/ledger-store.js';
import type { SubAccountKey } from '../store/rows.js';
import { ExpireHolds, ExpiryTurns } from './expire-holds.js';
import { Lane } from './lane.js';
import type { LanePorts } from './lane-ports.js';
import type { LanePublisher } from './lane-publishing.js';
import { RebuildLimits, tombstoneDeleted } from './periodic-tasks.js';

/** The part of the consumer that lanes control. */
interface LaneConsumer {
  pause(partitions: TopicPartition[]): void;
  resume(partitions: TopicPartition[]): void;
  seek(topic: string, partition: number, offset: bigint): void;
  commit(offsets: { topic: string; partition: number; offset: bigint }[]): Promise<void>;
}

export interface LanesPorts extends Omit<LanePorts, 'publisher' | 'pause' | 'resume'> {
  /** The publisher with the lane's transactional id. */
  readonly publisherOf: (lane: number) => LanePublisher;
  readonly consumer: () => LaneConsumer | undefined;
  /** Milliseconds between two commits of offsets to Kafka, which only serve to monitor the lag. */
  readonly commitEveryMs: number;
  /** The offset after the last record of each of a topic's partitions, according to the broker. */
  readonly logEnds: (topic: string, partitions: readonly number[]) => Promise<ReadonlyMap<number, bigint>>;
  /** Milliseconds between two measurements of the lag. */
  readonly lagEveryMs: number;
  /** Milliseconds between two checks for operators' orders, due tombstones, and holds that are over. */
  readonly tasksEveryMs: number;
  /** Number of partitions of each input topic. */
  readonly partitions: () => number;
  /** Checks once that the topics are as the lanes need them. Called before the first takeover. */
  readonly prepare: () => Promise<void>;
}

/** Maximum of tombstones found at a time. */
const MAX_TOMBSTONES = 1_000;

/** Due holds read per query, and found at a time. */
const HOLDS_PER_PAGE = 2_000;
const MAX_HOLDS = 10_000;

const INPUT_TOPICS = [TOPICS.commands, TOPICS.messages];

/** The lanes that the consumer group assigns to this process. */
export class Lanes {
  readonly #lanes = new Map<number, Lane>();
  /** Numbers of the lanes assigned to us, whether or not they could be started. */
  readonly #assigned = new Set<number>();
  readonly #expiryTurns = new ExpiryTurns();
  /** Holds that a rule could not release, by main account and message. */
  readonly #unprocessableHolds = new Set<string>();
  readonly #stopTimers: (() => void)[];
  #lookingAfter: Promise<void> | undefined;
  #measuring: Promise<void> | undefined;

  constructor(private readonly ports: LanesPorts) {
    this.#stopTimers = [
      ports.timers.every(ports.commitEveryMs, () => this.#report()),
      ports.timers.every(ports.tasksEveryMs, () => this.#lookAfter()),
      ports.timers.every(ports.lagEveryMs, () => this.#measureLag()),
    ];
  }

  /**
   * Takes over the lanes of newly assigned partitions.
   * @returns the offsets to start from, by `topic:partition`
   * @throws during an outage; the consumer calls again
   */
  async onAssigned(assigned: TopicPartition[]): Promise<Map<string, bigint>> {
    await this.ports.prepare();
    const numbers = [...new Set(assigned.map(({ partition }) => partition))];
    for (const number of numbers) this.#assigned.add(number);
    const started = await Promise.allSettled(numbers.map((number) => this.#startLane(number)));
    const offsets = new Map<string, bigint>();
    for (const result of started) {
      if (result.status === 'rejected') throw result.reason;
      for (const topic of INPUT_TOPICS) {
        const next = result.value.nextOffset(topic);
        if (next !== undefined) offsets.set(partitionKey(topic, result.value.lane), next);
      }
    }
    return offsets;
  }

  async onRevoked(revoked: TopicPartition[]): Promise<void> {
    const numbers = new Set(revoked.map(({ partition }) => partition));
    for (const number of numbers) this.#assigned.delete(number);
    await Promise.all([...numbers].map((number) => this.#endLane(number)));
  }

  /** Passes fetched records to their lane. Records of a lane that was given up are left to the next owner. */
  enqueue(topic: string, partition: number, records: readonly KafkaRecord[]): void {
    this.#lanes.get(partition)?.enqueue(topic, records);
  }

  /** The log has no record at the position of a lane. */
  onOffsetOutOfRange({ topic, partition }: TopicPartition): void {
    this.#lanes.get(partition)?.break(`${topic} ${partition}: the wanted offset is not in the log`);
  }

  /**
   * For readiness.
   * @throws Error that names every lane that is not running
   */
  assertRunning(): void {
    const idle = [...this.#lanes.values()].filter((lane) => lane.state !== 'running');
    if (idle.length === 0) return;
    throw new Error(idle.map(describe).join('; '));
  }

  /** Partitions that a topic got after the lanes were set up. All their records are forwarded. */
  get #beyond(): number[] {
    return [...this.#lanes.keys()]
      .filter((number) => number >= this.ports.partitions())
      .sort((a, b) => a - b);
  }

  /** For readiness: a note about partitions beyond the lanes, or undefined if there are none. */
  get beyondNote(): string | undefined {
    const beyond = this.#beyond;
    if (beyond.length === 0) return undefined;
    return `${describeBeyond(beyond, this.ports.partitions())}, see docs/operations/more-partitions.md`;
  }

  /** Ends all lanes when the process stops. */
  async end(): Promise<void> {
    for (const stop of this.#stopTimers) stop();
    await Promise.all([this.#lookingAfter, this.#measuring]);
    await this.#commit();
    await Promise.all([...this.#lanes.keys()].map((number) => this.#endLane(number)));
  }

  get(lane: number): Lane | undefined {
    return this.#lanes.get(lane);
  }

  async #startLane(number: number): Promise<Lane> {
    // After an assignment that failed halfway, a retry finds its own lanes and keeps those that are running.
    const known = this.#lanes.get(number);
    if (known?.state === 'running' || known?.state === 'broken') return known;
    if (known) await this.#endLane(number);
    const lane = new Lane(number, {
      ...this.ports,
      publisher: this.ports.publisherOf(number),
      pause: (partition, topic) => this.ports.consumer()?.pause([{ topic, partition }]),
      resume: (partition, topic) => this.ports.consumer()?.resume([{ topic, partition }]),
    });
    this.#lanes.set(number, lane);
    await lane.start();
    return lane;
  }

  async #endLane(number: number): Promise<void> {
    const lane = this.#lanes.get(number);
    if (!lane) return;
    await lane.end();
    if (this.#lanes.get(number) === lane) this.#lanes.delete(number);
    for (const topic of INPUT_TOPICS) this.ports.metrics.lag.remove({ topic, partition: String(number) });
  }

  /** Starts work without a record: operators' orders, limit records whose grace time is over, holds that are over. */
  #lookAfter(): void {
    this.#lookingAfter ??= Promise.all([this.#takeOrders(), this.#findTombstones(), this.#findDueHolds()])
      .catch((err: unknown) => this.ports.log.debug({ err }, 'orders could not be read, later again'))
      .then(() => {
        this.#lookingAfter = undefined;
      });
  }

  async #takeOrders(): Promise<void> {
    if (this.#lanes.size === 0) return;
    for (const orders of await this.ports.store.readOrders([...this.#lanes.keys()])) {
      const lane = this.#lanes.get(orders.lane);
      // A lane that waits for a server reads its row itself.
      const isIdle = lane === undefined || lane.state === 'starting' || lane.state === 'waiting';
      if (!isIdle && orders.generation > lane.generation) await this.#resume(orders);
      else if (lane?.state === 'running' && orders.rebuildLimits) lane.ask(this.#rebuildOf(orders.lane));
    }
  }

  /** Resumes a stopped lane after an operator's decision: it is taken over at the position in its row. */
  async #resume({ lane: number }: LaneOrders): Promise<void> {
    // Records still arrive for a running lane, from its current position. Without this pause, the new lane would take
    // them for its first ones, and skip all records between the row's offset and there.
    this.ports.consumer()?.pause(INPUT_TOPICS.map((topic) => ({ topic, partition: number })));
    await this.#endLane(number);
    if (!this.#assigned.has(number)) return;
    const lane = await this.#startLane(number).catch((error: unknown) => {
      // Left as stopped, so that the next check tries again.
      this.#lanes.get(number)?.break(`taking it over failed: ${String(error)}`, 0);
      throw error;
    });
    // The group has given it to another process meanwhile. Do not take it away from that process.
    if (!this.#assigned.has(number)) return this.#endLane(number);
    const consumer = this.ports.consumer();
    for (const topic of INPUT_TOPICS) {
      const next = lane.nextOffset(topic);
      if (lane.state !== 'running' || next === undefined) continue;
      consumer?.seek(topic, number, next);
      consumer?.resume([{ topic, partition: number }]);
    }
  }

  #rebuildOf(lane: number): RebuildLimits {
    const { store, partitions, tombstoneGraceMs, now } = this.ports;
    const isOwn = (mainAccountId: string) => partitionFor(mainAccountId, partitions()) === lane;
    return new RebuildLimits({ store, isOwn, tombstoneGraceMs, now });
  }

  async #findTombstones(): Promise<void> {
    const { store, partitions, tombstoneGraceMs, now, processor } = this.ports;
    if (this.#lanes.size === 0) return;
    const due = await store.tombstonesDue(now() - tombstoneGraceMs, MAX_TOMBSTONES);
    const laneOf = ({ mainAccountId }: SubAccountKey) => partitionFor(mainAccountId, partitions());
    for (const [number, keys] of Map.groupBy(due, laneOf)) {
      const lane = this.#lanes.get(number);
      if (lane?.state === 'running') lane.ask(tombstoneDeleted(processor, keys));
    }
  }

  async #findDueHolds(): Promise<void> {
    const { metrics, logEnds } = this.ports;
    if (this.#lanes.size === 0) return;
    const { at, own } = await this.#dueHolds();
    const oldest = Math.min(at, ...[...own.values()].map(([first]) => first?.expiresAt ?? at));
    metrics.overdueHoldSeconds.set((at - oldest) / 1_000);
    if (own.size === 0) return;
    const numbers = [...own.keys()];
    const [commandEnds, messageEnds] = await Promise.all([
      logEnds(TOPICS.commands, numbers),
      logEnds(TOPICS.messages, numbers),
    ]);
    for (const [number, holds] of own) {
      const ends = {
        commandOffset: commandEnds.get(number) ?? 0n,
        messageOffset: messageEnds.get(number) ?? 0n,
      };
      const lane = this.#lanes.get(number);
      if (lane?.state === 'running') lane.ask(new ExpireHolds(this.#expiryPorts, { holds, at, ends }));
    }
  }

  get #expiryPorts() {
    const { processor, now, log } = this.ports;
    const onUnprocessable = (hold: OwnedId) => {
      this.#unprocessableHolds.add(keyOf(hold));
    };
    return { processor, now, log, onUnprocessable, turns: this.#expiryTurns };
  }

  /** Holds that are over, by running lane of ours. Those of other lanes are passed over. */
  async #dueHolds(): Promise<{ at: number; own: Map<number, DueHold[]> }> {
    const { store, partitions } = this.ports;
    const own = new Map<number, DueHold[]>();
    let found = 0;
    let after: DueHold | null = null;
    for (;;) {
      const page: Awaited<ReturnType<typeof store.holdsDue>> = await store.holdsDue(after, HOLDS_PER_PAGE);
      for (const hold of page.holds) {
        const number = partitionFor(hold.mainAccountId, partitions());
        if (this.#lanes.get(number)?.state !== 'running' || this.#unprocessableHolds.has(keyOf(hold)))
          continue;
        const holds = own.get(number);
        if (holds) holds.push(hold);
        else own.set(number, [hold]);
        found += 1;
      }
      after = page.holds.at(-1) ?? null;
      if (page.holds.length < HOLDS_PER_PAGE || found >= MAX_HOLDS) return { at: page.at, own };
    }
  }

  #report(): void {
    const { metrics, budget } = this.ports;
    metrics.lanes.reset();
    for (const lane of this.#lanes.values()) metrics.lanes.inc({ state: lane.state });
    metrics.lanesBeyond.set(this.#beyond.length);
    metrics.cachedSubAccounts.set(budget.used);
    void this.#commit();
  }

  /** Asks the broker, because fetched records do not show the lag of a log that is not being fetched. */
  #measureLag(): void {
    const { logEnds, log } = this.ports;
    this.#measuring ??= Promise.all(
      INPUT_TOPICS.map(async (topic) => this.#showLag(topic, await logEnds(topic, [...this.#lanes.keys()]))),
    )
      .catch((err: unknown) => log.debug({ err }, 'the lag could not be measured, later again'))
      .then(() => {
        this.#measuring = undefined;
      });
  }

  #showLag(topic: string, ends: ReadonlyMap<number, bigint>): void {
    for (const at of this.#offsets()) {
      const end = at.topic === topic ? ends.get(at.partition) : undefined;
      if (end === undefined) continue;
      const lag = end > at.offset ? Number(end - at.offset) : 0;
      this.ports.metrics.lag.set({ topic, partition: String(at.partition) }, lag);
    }
  }

  async #commit(): Promise<void> {
    await this.ports.consumer()?.commit(this.#offsets());
  }

  #offsets(): { topic: string; partition: number; offset: bigint }[] {
    return [...this.#lanes.values()].flatMap((lane) =>
      INPUT_TOPICS.flatMap((topic) => {
        const offset = lane.nextOffset(topic);
        return offset === undefined ? [] : [{ topic, partition: lane.lane, offset }];
      }),
    );
  }
}

/** The text of readiness and of the `lanes` command. */
export const describeBeyond = (beyond: readonly number[], lanes: number): string =>
  `there are ${lanes} lanes, and partitions beyond them: ${beyond.join(', ')}; what comes there is forwarded, and late`;

const keyOf = ({ mainAccountId, id }: OwnedId): string => `${mainAccountId} ${id}`;

const describe = ({ lane, state, reason }: Lane): string =>
  `lane ${lane} ${state}: ${reason}${
    state === 'broken'
      ? ` (the books are as they were; look with npm run ledger -- resume --lane ${lane}, see docs/operations/stopped-lane.md)`
      : ''
  }`;
