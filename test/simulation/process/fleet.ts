import type { Broker } from '../broker/broker.js';
import type { Database } from '../store/database.js';
import { SERVERS } from '../world/scheduler.js';
import type { World } from '../world/world.js';
import { LedgerProcess, type LedgerSettings } from './ledger-process.js';

/** The group gives a member's lanes away after about so long without a sign of life. */
const SESSION_MS = 10_000;

/** The ledger's processes and their consumer group. */
export class Fleet {
  /** Alive or paused. */
  processes: LedgerProcess[] = [];
  private readonly groupOffsets = new Map<string, bigint>();
  /** Who has each lane, in the group's eyes. */
  private readonly assignment = new Map<number, LedgerProcess>();
  private started = 0;
  private generation = 0;

  constructor(
    private readonly world: World,
    private readonly broker: Broker,
    private readonly database: Database,
    private readonly settings: LedgerSettings,
  ) {}

  get running(): LedgerProcess[] {
    return this.processes.filter((process) => process.state === 'alive');
  }

  start(): void {
    this.started += 1;
    const { world, broker, database, groupOffsets, settings } = this;
    const name = `p${this.started}`;
    const process = new LedgerProcess(name, { world, broker, database, groupOffsets }, settings);
    this.processes.push(process);
    world.cover('process:started');
    world.trace(`${name} started`);
    world.scheduler.after(world.random.int(1, 300), process, () => {
      process.isMember = true;
      this.rebalance(`${name} joined`);
    });
  }

  /** kill -9: whatever it was about to do never happens. The group notices later. */
  kill(process: LedgerProcess, why: string): void {
    if (process.state === 'dead') return;
    const { world } = this;
    process.state = 'dead';
    this.processes = this.processes.filter((other) => other !== process);
    world.cover('process:killed');
    world.trace(`${process.name} killed: ${why}`);
    world.scheduler.after(world.random.int(50, SESSION_MS), SERVERS, () => this.expel(process));
    world.scheduler.after(world.random.int(10, 15_000), SERVERS, () => this.start());
  }

  /** SIGSTOP: it stands still, and does not know for how long. */
  pause(process: LedgerProcess, ms: number): void {
    if (process.state !== 'alive') return;
    const { world } = this;
    process.state = 'paused';
    world.cover('process:paused');
    world.trace(`${process.name} paused for ${ms} ms`);
    if (ms > SESSION_MS) world.scheduler.after(SESSION_MS, SERVERS, () => this.expel(process));
    world.scheduler.after(ms, SERVERS, () => this.resume(process));
  }

  /** SIGTERM: it hands back what it has, and ends. */
  async stop(process: LedgerProcess): Promise<void> {
    if (process.state !== 'alive') return;
    const { world } = this;
    world.cover('process:stopped');
    world.trace(`${process.name} stops`);
    process.isMember = false;
    process.member.joined([], true);
    world.scheduler.after(world.random.int(1, 5_000), SERVERS, () => this.rebalance(`${process.name} left`));
    world.scheduler.after(world.random.int(10, 15_000), SERVERS, () => this.start());
    await process.member.settled;
    await process.lanes.end();
    process.state = 'dead';
    this.processes = this.processes.filter((other) => other !== process);
    world.trace(`${process.name} ended`);
  }

  /** Lanes move at will; each member hears of it at its own time. */
  rebalance(why: string): void {
    const { world, broker, assignment } = this;
    const members = this.processes.filter((process) => process.isMember);
    if (members.length === 0) return;
    world.cover('group:rebalanced');
    for (let lane = 0; lane < broker.partitionCount; lane += 1) {
      const owner = assignment.get(lane);
      const stays = owner?.isMember && members.includes(owner) && world.random.chance(0.5);
      if (!stays) assignment.set(lane, world.random.pick(members));
    }
    this.generation += 1;
    const text = [...assignment].map(([lane, { name }]) => `${lane}:${name}`).join(' ');
    world.trace(`group ${text} (${why})`);
    for (const member of members) this.tell(member);
  }

  /** It learns what the group has decided last; who missed a decision cannot know that what it keeps was its own. */
  private tell(member: LedgerProcess): void {
    const { world, assignment } = this;
    const delay = world.random.chance(0.2) ? world.random.int(50, 3_000) : world.random.int(1, 50);
    world.scheduler.after(delay, member, () => {
      if (!member.isMember || member.generation === this.generation) return;
      const own = [...assignment].filter(([, owner]) => owner === member).map(([lane]) => lane);
      const isNext = member.generation + 1 === this.generation;
      member.generation = this.generation;
      member.member.joined(own.sort(), isNext);
    });
  }

  private expel(process: LedgerProcess): void {
    if (!process.isMember || process.state === 'alive') return;
    process.isMember = false;
    this.world.cover('group:expelled');
    this.rebalance(`${process.name} is silent`);
  }

  private resume(process: LedgerProcess): void {
    const { world } = this;
    if (process.state !== 'paused') return;
    process.state = 'alive';
    world.trace(`${process.name} goes on`);
    if (!process.isMember) world.cover('process:zombie');
    world.scheduler.wake(process);
    if (process.isMember) return;
    // A zombie: it goes on as if nothing had been, until its next heartbeat tells.
    world.scheduler.after(world.random.int(1, 4_000), process, () => {
      process.member.joined([], false);
      process.isMember = true;
      this.rebalance(`${process.name} came back`);
    });
  }

  /** All that stand still go on. */
  resumeAll(): void {
    for (const process of this.processes) this.resume(process);
  }
}
