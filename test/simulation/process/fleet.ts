import type { Broker } from '../broker/broker.js';
import { Group } from '../broker/group.js';
import type { Database } from '../store/database.js';
import { SERVERS } from '../world/scheduler.js';
import type { World } from '../world/world.js';
import { LedgerProcess, type LedgerSettings } from './ledger-process.js';

/** The ledger's processes and their consumer group. */
export class Fleet {
  /** Alive or paused. */
  processes: LedgerProcess[] = [];
  readonly #groupOffsets = new Map<string, bigint>();
  readonly #group: Group;
  #started = 0;

  constructor(
    private readonly world: World,
    private readonly broker: Broker,
    private readonly database: Database,
    private readonly settings: LedgerSettings,
  ) {
    this.#group = new Group(world, broker.partitionCount);
  }

  get running(): LedgerProcess[] {
    return this.processes.filter((process) => process.state === 'alive');
  }

  start(): void {
    this.#started += 1;
    const { world, broker, database, settings } = this;
    const group = this.#group;
    const groupOffsets = this.#groupOffsets;
    const name = `p${this.#started}`;
    const process = new LedgerProcess(name, { world, broker, database, group, groupOffsets }, settings);
    this.processes.push(process);
    world.cover('process:started');
    world.trace(`${name} started`);
    world.scheduler.after(world.random.int(1, 300), process, () => process.consume());
  }

  /** kill -9: pending actions never happen. The group notices later. */
  kill(process: LedgerProcess, why: string): void {
    if (process.state === 'dead') return;
    const { world } = this;
    process.state = 'dead';
    this.processes = this.processes.filter((other) => other !== process);
    world.cover('process:killed');
    world.trace(`${process.name} killed: ${why}`);
    world.scheduler.after(world.random.int(10, 15_000), SERVERS, () => this.start());
  }

  /** SIGSTOP: the process stops running, and does not know for how long. */
  pause(process: LedgerProcess, ms: number): void {
    if (process.state !== 'alive') return;
    const { world } = this;
    process.state = 'paused';
    world.cover('process:paused');
    world.trace(`${process.name} paused for ${ms} ms`);
    world.scheduler.after(ms, SERVERS, () => this.#resume(process));
  }

  /** SIGTERM: it gives its lanes back and ends. */
  async stop(process: LedgerProcess): Promise<void> {
    if (process.state !== 'alive') return;
    const { world } = this;
    world.cover('process:stopped');
    world.trace(`${process.name} stops`);
    process.stopConsuming();
    world.scheduler.after(world.random.int(10, 15_000), SERVERS, () => this.start());
    await process.member.settled;
    await process.lanes.end();
    process.state = 'dead';
    this.processes = this.processes.filter((other) => other !== process);
    world.trace(`${process.name} ended`);
  }

  rebalance(): void {
    this.#group.rebalance('at random');
  }

  /** The group forgets a member without its knowledge. */
  forgetMember(): void {
    this.#group.forgetOne();
  }

  #resume(process: LedgerProcess): void {
    const { world } = this;
    if (process.state !== 'paused') return;
    process.state = 'alive';
    world.trace(`${process.name} goes on`);
    // A zombie continues normally until its next heartbeat.
    if (!this.#group.knows(process.memberId)) world.cover('process:zombie');
    world.scheduler.wake(process);
  }

  /** All suspended processes continue. */
  resumeAll(): void {
    for (const process of this.processes) this.#resume(process);
  }
}
