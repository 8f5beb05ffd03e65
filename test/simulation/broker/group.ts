import { SERVERS } from '../world/scheduler.js';
import type { World } from '../world/world.js';

/** The coordinator does not know the member (any more), so it must join again as a new one. */
export class UnknownMemberError extends Error {
  override readonly name = 'UnknownMemberError';
}

export interface Membership {
  readonly memberId: string;
  readonly generation: number;
  readonly lanes: readonly number[];
}

interface Member {
  readonly name: string;
  /** Time of its last request, by `Scheduler.uptime`. */
  lastSeenAt: number;
}

/** The broker's default, and `BatchConsumer`'s. */
export const SESSION_MS = 15_000;
const LOOK_EVERY_MS = 500;

/**
 * The coordinator of the ledger's consumer group. Lanes move at random with each generation, without waiting for
 * their members: each member notices it with its next heartbeat.
 */
export class Group {
  readonly #members = new Map<string, Member>();
  /** The member that has each lane. */
  readonly #assignment = new Map<number, string>();
  #joins = 0;
  #generation = 0;

  constructor(
    private readonly world: World,
    private readonly laneCount: number,
  ) {
    this.#look();
  }

  knows(memberId: string | null): boolean {
    return memberId !== null && this.#members.has(memberId);
  }

  /**
   * @param memberId null for a new member, which starts a rebalance; a known member gets the last decision
   * @throws UnknownMemberError
   */
  join(name: string, memberId: string | null): Membership {
    if (memberId !== null) {
      this.#hear(memberId);
      return this.#membershipOf(memberId);
    }
    this.#joins += 1;
    const id = `${name}.${this.#joins}`;
    this.#members.set(id, { name, lastSeenAt: this.world.scheduler.uptime });
    this.rebalance(`${id} joined`);
    return this.#membershipOf(id);
  }

  /** @returns whether it is to join again, for a newer generation @throws UnknownMemberError */
  heartbeat(memberId: string, generation: number): boolean {
    this.#hear(memberId);
    return generation !== this.#generation;
  }

  leave(memberId: string): void {
    if (this.#members.delete(memberId)) this.rebalance(`${memberId} left`);
  }

  /** Forgets a member, as a new coordinator may. The member continues until its next heartbeat. */
  forgetOne(): void {
    const { world } = this;
    const members = this.#members;
    if (members.size === 0) return;
    const memberId = world.random.pick([...members.keys()]);
    members.delete(memberId);
    world.cover('group:forgot');
    this.rebalance(`${memberId} is forgotten`);
  }

  rebalance(why: string): void {
    const { world } = this;
    const assignment = this.#assignment;
    const members = [...this.#members.keys()];
    this.#generation += 1;
    if (members.length === 0) return;
    world.cover('group:rebalanced');
    for (let lane = 0; lane < this.laneCount; lane += 1) {
      const stays = members.includes(assignment.get(lane) ?? '') && world.random.chance(0.5);
      if (!stays) assignment.set(lane, world.random.pick(members));
    }
    world.trace(`group ${[...assignment].map(([lane, id]) => `${lane}:${id}`).join(' ')} (${why})`);
  }

  #membershipOf(memberId: string): Membership {
    const lanes = [...this.#assignment].filter(([, id]) => id === memberId).map(([lane]) => lane);
    return { memberId, generation: this.#generation, lanes: lanes.sort() };
  }

  #hear(memberId: string): void {
    const member = this.#members.get(memberId);
    if (!member) throw new UnknownMemberError(`simulated: the coordinator is not aware of ${memberId}`);
    member.lastSeenAt = this.world.scheduler.uptime;
  }

  /** A broker that was suspended finds all its members silent before their heartbeats arrive. */
  #look(): void {
    const { world } = this;
    world.scheduler.after(LOOK_EVERY_MS, SERVERS, () => this.#look());
    if (world.away.has('broker')) return;
    const silent = [...this.#members].filter(
      ([, { lastSeenAt }]) => world.scheduler.uptime - lastSeenAt > SESSION_MS,
    );
    if (silent.length === 0) return;
    for (const [memberId] of silent) this.#members.delete(memberId);
    world.cover('group:expelled', silent.length);
    this.rebalance(`${silent.map(([memberId]) => memberId).join(', ')} silent`);
  }
}
