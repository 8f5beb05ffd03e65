import { decide, type Input, wholePoints } from '@subledger/core';
import { DeadLetterSeal, type KafkaRecord } from '@subledger/kafka';
import {
  BatchProcessor,
  CacheBudget,
  ConcurrencyLimiter,
  Lanes,
  type LanesPorts,
  type LaneTimers,
  type LogInspector,
  type ProcessorOptions,
  type RollInParts,
} from '@subledger/ledger/engine';
import type { Broker } from '../broker/broker.js';
import type { Group } from '../broker/group.js';
import { brokerConnection, SimPublisher } from '../broker/sim-publisher.js';
import type { Database } from '../store/database.js';
import { databaseConnection, SimStore } from '../store/sim-store.js';
import type { Owner } from '../world/scheduler.js';
import type { World } from '../world/world.js';
import { GroupMember } from './group-member.js';
import { silentMetrics, tracingLog } from './observers.js';
import { Session } from './session.js';

/** Configuration of all processes of a run. */
export interface LedgerSettings {
  readonly batch: number;
  readonly cachedSubAccounts: number;
  readonly maxSubAccounts: number;
  readonly allowEarlyRoll: boolean;
  readonly tombstoneGraceMs: number;
}

/** Milliseconds from a failed session to the next: leaving the group, if it answers, and a pause. */
const RELAUNCH_MS = [200, 5_500] as const;

/** Small enough that the customers of a run have month starts in parts. */
const SMALL_PARTS: RollInParts = { above: 4, size: 2, keptEvents: 6 };

/** Higher than the cost of most messages and holds of a run, and lower than that of some. */
export const MAX_MESSAGE_POINTS = wholePoints(500);

export const SEAL = new DeadLetterSeal('the key of every simulation');

/** Text that makes a rule throw: a bug that stops one record and not a lane. */
export const POISON = 'poison';

/** The real rules, except for records with the poison. */
export const decideOrThrow: typeof decide = (books, input, policy) => {
  if (isPoisoned(input)) throw new TypeError('simulated: a bug in a rule');
  return decide(books, input, policy);
};

const isPoisoned = (input: Input): boolean =>
  input.kind === 'command'
    ? input.name === 'points.purchase' && input.data.reference === POISON
    : input.kind === 'message.sent' && input.messageId.startsWith(POISON);

interface Servers {
  readonly world: World;
  readonly broker: Broker;
  readonly database: Database;
  readonly group: Group;
  readonly groupOffsets: Map<string, bigint>;
}

/** A ledger service: the real lanes and pipeline, on the simulated clock, broker and database. */
export class LedgerProcess implements Owner {
  state: Owner['state'] = 'alive';
  readonly lanes: Lanes;
  readonly member: GroupMember;
  #session: Session | undefined;
  #isStopping = false;
  readonly #world: World;
  readonly #group: Group;

  constructor(
    readonly name: string,
    { world, broker, database, group, groupOffsets }: Servers,
    settings: LedgerSettings,
  ) {
    this.#world = world;
    this.#group = group;
    const store = new SimStore(databaseConnection(world, this), database);
    const log = tracingLog(world, name);
    const metrics = silentMetrics();
    const partitions = () => broker.partitionCount;
    const { tombstoneGraceMs, maxSubAccounts, allowEarlyRoll } = settings;
    const policy = { maxSubAccounts, maxMessagePoints: MAX_MESSAGE_POINTS, allowEarlyRoll };
    const now = () => Math.floor(world.scheduler.now);
    const processor: ProcessorOptions = {
      store,
      policy,
      decide: decideOrThrow,
      seal: SEAL,
      tombstoneGraceMs,
      now,
      partitions,
      metrics,
      log,
      rollInParts: SMALL_PARTS,
    };
    const ports: LanesPorts = {
      store,
      log,
      metrics,
      partitions,
      tombstoneGraceMs,
      now,
      timers: timersOf(world, this),
      owner: name,
      options: {
        batch: settings.batch,
        idleCursorMs: 200,
        retryMs: { from: 100, to: 2_000 },
        fencedRetryMs: 20_000,
      },
      inspector: inspectorOf(world, broker, this),
      processor: new BatchProcessor(processor),
      database: new ConcurrencyLimiter(2 * settings.batch),
      kafka: new ConcurrencyLimiter(2),
      budget: new CacheBudget(settings.cachedSubAccounts),
      publisherOf: (lane) => new SimPublisher(world, broker, this, `ledger-lane-${lane}`),
      consumer: () => this.member,
      commitEveryMs: 1_000,
      logEnds: async (topic, numbers) =>
        new Map(numbers.map((number) => [number, broker.partition(topic, number).high])),
      lagEveryMs: 5_000,
      tasksEveryMs: 2_000,
      prepare: async () => undefined,
    };
    this.lanes = new Lanes(ports);
    this.member = new GroupMember(world, broker, this, () => this.lanes, groupOffsets);
  }

  get memberId(): string | null {
    return this.#session?.memberId ?? null;
  }

  /** Whether the group knows it as a member. */
  get isMember(): boolean {
    return this.#session?.isConfirmed ?? false;
  }

  /** Consumes in one session after the other until it is stopped. */
  consume(): void {
    const { member } = this;
    const world = this.#world;
    if (this.#isStopping) return;
    const session = new Session(world, this, this.#group, {
      onJoined: (lanes, isNext) => member.joined(lanes, isNext),
      onStandstill: () => member.standStill(),
      onFailed: () => {
        member.joined([], false);
        world.scheduler.after(world.random.int(...RELAUNCH_MS), this, () => {
          if (session === this.#session) this.consume();
        });
      },
    });
    this.#session = session;
    session.begin();
  }

  stopConsuming(): void {
    this.#isStopping = true;
    this.#session?.close();
    this.#session = undefined;
    this.member.joined([], true);
  }
}

function timersOf(world: World, owner: Owner): LaneTimers {
  const { scheduler, random } = world;
  return {
    random: () => random.next(),
    after: (ms, call) => scheduler.after(ms, owner, call),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const end = () => {
          cancel();
          signal.removeEventListener('abort', end);
          resolve();
        };
        const cancel = scheduler.after(ms, owner, end);
        signal.addEventListener('abort', end);
      }),
    every: (ms, call) => {
      let cancel: () => void = () => undefined;
      const next = () => {
        cancel = scheduler.after(ms, owner, () => {
          next();
          call();
        });
      };
      next();
      return () => cancel();
    },
  };
}

function inspectorOf(world: World, broker: Broker, owner: Owner): LogInspector {
  const connection = brokerConnection(world, owner);
  return {
    range: (topic, number) =>
      connection.request('log range', () => {
        const { low, stable } = broker.partition(topic, number);
        // kafkajs reads as `read_committed`.
        return { low, high: stable };
      }),
    read: (topic, number, offset) =>
      connection.request('log read', () => broker.partition(topic, number).at(offset)),
    readFrom: (topic, number, offset) =>
      connection.request('log read', () => {
        const { low, stable } = broker.partition(topic, number);
        const records: KafkaRecord[] = [];
        // Out of range: nothing to read, and no next offset.
        if (offset < low) return { records, next: offset };
        for (let at = offset; at < stable; at += 1n) {
          const record = broker.partition(topic, number).at(at);
          if (record) records.push(record);
        }
        return { records, next: stable > offset ? stable : offset };
      }),
  };
}
