import { TOPICS } from '@subledger/contracts';
import { Broker } from './broker/broker.js';
import { Fleet } from './process/fleet.js';
import type { LedgerSettings } from './process/ledger-process.js';
import { Database } from './store/database.js';
import { Workload } from './workload/workload.js';
import { monthStart, next, periodOf } from './world/calendar.js';
import { Disasters } from './world/disasters.js';
import { makeTrouble } from './world/trouble.js';
import { type FaultRates, NO_FAULTS, SimulationFailure, World } from './world/world.js';

export interface SimulationOptions {
  readonly seed: number;
  readonly steps: number;
  readonly rates?: FaultRates;
  /** Makes purchases until no more are possible, at the start. */
  readonly buyEverything?: boolean;
  /** Kills the process at the n-th request or answer, counted from 1. */
  readonly crashAt?: number;
  readonly onLine?: (line: string) => void;
}

/** Default fault rates. */
const USUAL_FAULTS: FaultRates = { request: 0.01, crash: 0.0004, event: 0.03, disaster: 0 };
/** Every other run has disasters. In the others, no lane may ever stop. */
const WITH_DISASTERS: FaultRates = { ...USUAL_FAULTS, disaster: 0.02 };

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Without further faults, a run must finish within this many milliseconds of its clock. */
const REST_WITHIN_MS = 400_000;

/** One run: clients, a broker, a database and ledger processes, on one clock and one seed. */
export class Simulation {
  readonly world: World;
  readonly broker: Broker;
  readonly database: Database;
  readonly fleet: Fleet;
  readonly disasters: Disasters;
  readonly settings: LedgerSettings;
  readonly startedAt: number;
  readonly #workload: Workload;
  #points = 0;
  step = 0;

  constructor(readonly options: SimulationOptions) {
    // Some time before the end of a month in 2025 to 2028: leap day, ends of years, clock changes.
    const { seed } = options;
    const start = Date.UTC(2025, 8, 1) + (seed % 37) * 30 * DAY + (seed % 29) * DAY;
    const world = new World(seed, start);
    this.world = world;
    this.startedAt = start;
    world.scheduler.onLine = options.onLine;
    const { random } = world;
    const lanes = random.int(2, 4);
    this.broker = new Broker(world, lanes);
    this.database = new Database(world, (lane, topic, from, to) =>
      this.broker.partition(TOPICS[topic], lane).committed(from, to),
    );
    const many = random.int(8, 20);
    this.settings = {
      batch: random.pick([1, 3, 8, 20, 60]),
      cachedSubAccounts: random.pick([0, 6, 1_000]),
      maxSubAccounts: many,
      allowEarlyRoll: random.chance(0.4),
      tombstoneGraceMs: 36 * HOUR,
    };
    this.fleet = new Fleet(world, this.broker, this.database, this.settings);
    this.disasters = new Disasters(world, this.broker, this.database, this.fleet);
    this.#workload = new Workload(world, this.broker, many);
    world.onPoint = (owner, what) => this.#atPoint(owner.name, what);
  }

  /** @throws SimulationFailure, or what a broken part threw */
  async run(): Promise<void> {
    const { world, options } = this;
    for (let count = world.random.int(1, 3); count > 0; count -= 1) this.fleet.start();
    this.#workload.setUp();
    if (options.buyEverything) this.#workload.buyEverything(1_002);
    world.rates = options.rates ?? (options.seed % 2 === 0 ? WITH_DISASTERS : USUAL_FAULTS);
    for (this.step = 1; this.step <= options.steps; this.step += 1) {
      await this.#oneStep();
      world.assertWhole();
    }
    // The last records come in many batches at once, because the last limit records are those that must be right.
    for (let count = 0; count < 4; count += 1) this.#workload.storm();
    await this.#rest();
  }

  async #oneStep(): Promise<void> {
    const { world, fleet } = this;
    const workload = this.#workload;
    const { random, rates } = world;
    if (random.chance(rates.event)) makeTrouble(world, fleet);
    else if (random.chance(rates.disaster)) this.disasters.strike();
    else if (random.chance(0.02)) workload.roll();
    else if (random.chance(0.015)) this.#letTimePass();
    else workload.burst();
    const dice = random.next();
    const pause =
      dice < 0.7 ? random.int(0, 40) : dice < 0.97 ? random.int(40, 2_000) : random.int(2_000, 30_000);
    await world.scheduler.runUntil(world.scheduler.now + pause);
  }

  /** Moves the clock to just before or after a month start of some account, or by hours and days. */
  #letTimePass(): void {
    const { world } = this;
    const workload = this.#workload;
    const { random, scheduler } = world;
    const { zone } = random.pick(workload.customers);
    const now = scheduler.now;
    const toMonth = monthStart(next(periodOf(now, zone)), zone) - now;
    const ms = random.chance(0.6) ? toMonth - random.int(-30, 60) : random.int(1, 12 * DAY);
    if (ms <= 0) return;
    world.cover('clock:moved on');
    scheduler.warp(ms);
    world.trace(`clock moved on by ${ms} ms`);
  }

  #atPoint(name: string, what: string): void {
    const { world, fleet, options } = this;
    this.#points += 1;
    const isNow =
      options.crashAt === undefined
        ? world.random.chance(world.rates.crash)
        : this.#points === options.crashAt;
    const process = isNow && fleet.processes.find((one) => one.name === name);
    if (!process) return;
    world.cover(`crash:${what}`);
    fleet.kill(process, what);
  }

  /** Requests and answers so far: the points at which a process can be killed. */
  get pointCount(): number {
    return this.#points;
  }

  /** Without further faults, everything must be processed and published. */
  async #rest(): Promise<void> {
    const { world, fleet } = this;
    const { scheduler } = world;
    world.rates = NO_FAULTS;
    world.trace('no more trouble');
    fleet.resumeAll();
    const end = scheduler.now + REST_WITHIN_MS;
    while (scheduler.now < end) {
      await scheduler.runUntil(scheduler.now + 5_000);
      world.assertWhole();
      if (this.#unfinished() === null) {
        // Longer than the sleep of a fenced lane, so that delayed actions happen.
        await scheduler.runUntil(scheduler.now + 30_000);
        world.assertWhole();
        const unfinished = this.#unfinished();
        if (unfinished === null) return;
      }
    }
    throw new SimulationFailure(`does not come to rest: ${this.#unfinished()}`);
  }

  /** A hold that is over, of a main account that does not wait for its month start. */
  #overdueHold() {
    const { tables } = this.database;
    const { at, holds } = this.database.holdsDue(null, Number.POSITIVE_INFINITY);
    return holds.find(
      ({ mainAccountId }) => at < (tables.mainAccounts.get(mainAccountId)?.nextMonthStart ?? 0),
    );
  }

  /** What is not finished yet, or null. */
  #unfinished(): string | null {
    const { tables } = this.database;
    for (let lane = 0; lane < this.broker.partitionCount; lane += 1) {
      const row = tables.lanes.get(lane);
      if (!row) return `lane ${lane} was never taken`;
      const offsets = [
        [TOPICS.commands, row.commandOffset],
        [TOPICS.messages, row.messageOffset],
      ] as const;
      for (const [topic, offset] of offsets) {
        const log = this.broker.partition(topic, lane);
        if (log.committed(offset > log.low ? offset : log.low).length > 0)
          return `${topic}:${lane} from ${offset}`;
      }
      if (row.publishedSequence < row.laneSequence)
        return `lane ${lane} published to ${row.publishedSequence}`;
      if (row.rebuildLimits) return `limits of lane ${lane}`;
    }
    const outsider = this.fleet.running.find(({ isMember }) => !isMember);
    if (outsider) return `${outsider.name} is no member of its group, and has no other session`;
    const held = this.#overdueHold();
    if (held) return `hold ${held.id} of ${held.mainAccountId}`;
    const due = this.database.tombstonesDue(this.world.scheduler.now - this.settings.tombstoneGraceMs, 1);
    return due.length > 0 ? `tombstone of ${due[0]?.subAccountId}` : null;
  }
}
