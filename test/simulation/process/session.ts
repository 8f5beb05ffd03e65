import { nextSessionState, SessionEndedError, type SessionState, silenceOf } from '@subledger/kafka';
import { type Group, type Membership, SESSION_MS, UnknownMemberError } from '../broker/group.js';
import { brokerConnection } from '../broker/sim-publisher.js';
import type { Connection } from '../world/connection.js';
import type { Owner } from '../world/scheduler.js';
import type { World } from '../world/world.js';

const WATCH_EVERY_MS = 500;

/** What a library may do after a failed join, as kafkajs has shown. Only the first is reported. */
type FailedJoin = 'crashes' | 'fetches on' | 'stands still';
const FAILED_JOINS: readonly FailedJoin[] = ['crashes', 'fetches on', 'stands still'];

export interface SessionEvents {
  /** @param isNext whether no other member can have had the kept lanes */
  onJoined(lanes: readonly number[], isNext: boolean): void;
  /** No further batch arrives, and nothing reports why. */
  onStandstill(): void;
  /** It has failed permanently: a new session must be made. */
  onFailed(): void;
}

/**
 * One life of a process in its group. It replaces kafkajs below `GroupSession`, with the real table of states and the
 * real time-outs. The library sends heartbeats, joins again on request, and may fail in a join: then it is not a
 * member, and only the silence shows it.
 */
export class Session {
  #state: SessionState = 'connecting';
  #enteredAt: number;
  #confirmedAt: number;
  #stoodStillAt: number | undefined;
  #hasLostItsWay = false;
  #generation = -1;
  memberId: string | null = null;
  readonly #connection: Connection;

  constructor(
    private readonly world: World,
    private readonly owner: Owner,
    private readonly group: Group,
    private readonly events: SessionEvents,
  ) {
    this.#connection = brokerConnection(world, owner);
    this.#enteredAt = this.#confirmedAt = world.scheduler.uptime;
  }

  begin(): void {
    this.#watch();
    void this.#join().then(() => this.#beatLater());
  }

  /** Leaves the group, which may notice late or never. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#step('closed');
    const { memberId, group, world } = this;
    if (memberId === null) return;
    world.scheduler.after(world.random.int(1, 5_000), this.owner, () => {
      this.#connection.request('group leave', () => group.leave(memberId)).catch(() => undefined);
    });
  }

  get isConfirmed(): boolean {
    return this.#state === 'member' && !this.#hasLostItsWay && this.group.knows(this.memberId);
  }

  get #hasEnded(): boolean {
    return this.#state === 'failed' || this.#state === 'closed';
  }

  /** @throws SessionEndedError */
  #step(event: Parameters<typeof nextSessionState>[1]): void {
    const next = nextSessionState(this.#state, event);
    if (next !== this.#state) this.#enteredAt = this.world.scheduler.uptime;
    this.#state = next;
  }

  async #join(): Promise<void> {
    const { world, owner, group } = this;
    try {
      this.#step('join-begun');
      const { memberId } = this;
      this.#joined(await this.#connection.request('group join', () => group.join(owner.name, memberId)));
    } catch (error) {
      if (error instanceof SessionEndedError) {
        world.cover('group:joined too late');
        return;
      }
      if (this.#hasEnded) return;
      if (error instanceof UnknownMemberError) return this.#joinAnew();
      this.#loseTheWay(error);
    }
  }

  #joinAnew(): Promise<void> {
    this.world.cover('group:refused');
    this.memberId = null;
    return this.#join();
  }

  #joined({ memberId, generation, lanes }: Membership): void {
    this.#step('joined');
    const isKnown = memberId === this.memberId;
    const isNext = isKnown && generation === this.#generation + 1;
    this.world.cover(isKnown ? 'group:rejoined' : 'group:joined');
    this.memberId = memberId;
    this.#generation = generation;
    this.#confirmedAt = this.world.scheduler.uptime;
    this.events.onJoined(lanes, isNext);
  }

  #loseTheWay(error: unknown): void {
    const { world, owner } = this;
    const way = world.random.pick(FAILED_JOINS);
    world.cover(`group:failed join ${way}`);
    world.trace(`${owner.name} could not join and ${way}: ${String(error)}`);
    if (way === 'crashes') {
      this.#fail('crashed');
      return;
    }
    this.#hasLostItsWay = true;
    if (way === 'fetches on') return;
    this.#stoodStillAt = world.scheduler.uptime;
    this.events.onStandstill();
  }

  #fail(event: 'silent' | 'crashed'): void {
    this.#step(event);
    this.events.onFailed();
  }

  #beatLater(): void {
    if (this.#hasEnded) return;
    const { world, owner } = this;
    const pause = world.random.chance(0.5) ? world.random.int(1, 50) : world.random.int(50, 1_500);
    world.scheduler.after(pause, owner, () => void this.#beat().then(() => this.#beatLater()));
  }

  async #beat(): Promise<void> {
    const { group, memberId } = this;
    const generation = this.#generation;
    if (this.#state !== 'member' || this.#hasLostItsWay || memberId === null) return;
    try {
      const isToJoin = await this.#connection.request('group heartbeat', () =>
        group.heartbeat(memberId, generation),
      );
      if (this.#hasEnded) return;
      if (isToJoin) return await this.#join();
      this.#step('confirmed');
      this.#confirmedAt = this.world.scheduler.uptime;
    } catch (error) {
      // After any other error, the next heartbeat follows.
      if (error instanceof UnknownMemberError && !this.#hasEnded) await this.#joinAnew();
    }
  }

  #watch(): void {
    const { world, owner } = this;
    if (this.#hasEnded) return;
    const now = world.scheduler.uptime;
    const silence = silenceOf({
      state: this.#state,
      sessionTimeoutMs: SESSION_MS,
      inStateMs: now - this.#enteredAt,
      confirmedMs: now - this.#confirmedAt,
      fetchMs: now - (this.#stoodStillAt ?? now),
    });
    if (silence !== null) {
      world.cover('group:silent');
      world.trace(`${owner.name} makes a new session: ${silence}`);
      this.#fail('silent');
      return;
    }
    world.scheduler.after(WATCH_EVERY_MS, owner, () => this.#watch());
  }
}
