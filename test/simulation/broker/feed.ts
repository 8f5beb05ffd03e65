import type { KafkaRecord } from '@subledger/kafka';
import { type Owner, SERVERS } from '../world/scheduler.js';
import type { World } from '../world/world.js';
import type { Partition } from './partition.js';

export type Hold = 'assigning' | 'application' | 'out-of-range' | 'unanswered';

interface FeedPorts {
  readonly world: World;
  readonly owner: Owner;
  readonly partition: Partition;
  readonly deliver: (records: readonly KafkaRecord[]) => void;
  readonly onOutOfRange: () => void;
}

const RETRY_MS = 500;
/** Maximum records of a fetch. The actual number is random. */
const MAX_FETCH = 30;

/**
 * One partition of a process: fetches from its position on, with random batch sizes and delays, so that the two
 * topics of a lane interleave differently each time. The contract is that of `PartitionFeed`: in order, and never
 * twice without a seek.
 */
export class Feed {
  readonly #holds = new Set<Hold>(['assigning']);
  #position: bigint;
  /** Raised by each seek. Earlier fetches are dropped. */
  #seeks = 0;
  #isFetching = false;
  isClosed = false;
  /** Whether `onAssigned` was called for it. Only then is `onRevoked`. */
  isAnnounced = false;

  constructor(
    private readonly ports: FeedPorts,
    start: bigint,
  ) {
    this.#position = start;
  }

  get topic(): string {
    return this.ports.partition.topic;
  }

  get number(): number {
    return this.ports.partition.partition;
  }

  hold(reason: Hold): void {
    this.#holds.add(reason);
  }

  release(reason: Hold): void {
    this.#holds.delete(reason);
    this.#fetchSoon();
  }

  seek(offset: bigint): void {
    this.#position = offset;
    this.#seeks += 1;
    this.release('out-of-range');
  }

  close(): void {
    this.isClosed = true;
  }

  get #isIdle(): boolean {
    return this.isClosed || this.#holds.size > 0;
  }

  #fetchSoon(): void {
    if (this.#isIdle || this.#isFetching) return;
    this.#isFetching = true;
    const { world, owner } = this.ports;
    const pause = world.random.chance(0.1) ? world.random.int(50, 800) : world.random.int(0, 25);
    world.scheduler.after(pause, owner, () => this.#fetch());
  }

  #fetch(): void {
    const { world, owner, partition } = this.ports;
    const seeks = this.#seeks;
    world.scheduler.after(world.latency(), SERVERS, () => {
      if (world.away.has('broker')) return this.#again(RETRY_MS);
      if (this.#position < partition.low || this.#position > partition.high) {
        world.scheduler.after(world.latency(), owner, () => this.#outOfRange(seeks));
        return;
      }
      const { records, next } = partition.readCommitted(this.#position, world.random.int(1, MAX_FETCH));
      if (next === this.#position) {
        this.#isFetching = false;
        return partition.onAppend(() => this.#fetchSoon());
      }
      world.scheduler.after(world.latency(), owner, () => {
        this.#isFetching = false;
        if (this.isClosed) return;
        if (seeks === this.#seeks && this.#holds.size === 0) {
          this.#position = next;
          if (records.length > 0) this.ports.deliver(records);
        }
        this.#fetchSoon();
      });
    });
  }

  #again(ms: number): void {
    const { world, owner } = this.ports;
    world.scheduler.after(ms, owner, () => {
      this.#isFetching = false;
      this.#fetchSoon();
    });
  }

  #outOfRange(seeks: number): void {
    this.#isFetching = false;
    if (this.isClosed || seeks !== this.#seeks) {
      this.#fetchSoon();
      return;
    }
    this.#holds.add('out-of-range');
    this.ports.world.trace(
      `${this.ports.owner.name} ${this.topic}:${this.number} ${this.#position} out of range`,
    );
    this.ports.onOutOfRange();
  }
}
