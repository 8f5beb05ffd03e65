import { TOPICS } from '@subledger/contracts';
import { partitionKey, type TopicPartition } from '@subledger/kafka';
import type { Lanes } from '@subledger/ledger/engine';
import type { Broker } from '../broker/broker.js';
import { Feed } from '../broker/feed.js';
import type { Owner } from '../world/scheduler.js';
import type { World } from '../world/world.js';

const INPUT_TOPICS = [TOPICS.commands, TOPICS.messages];
const RETRY_MS = 300;

/**
 * The consumer of one process: a feed per partition, and the announcements of lost and gained partitions, one after
 * the other, like `BatchConsumer` and `AssignmentAnnouncer`.
 */
export class GroupMember {
  readonly #feeds = new Map<string, Feed>();
  #announced: Promise<void> = Promise.resolve();

  constructor(
    private readonly world: World,
    private readonly broker: Broker,
    private readonly owner: Owner,
    private readonly lanes: () => Lanes,
    /** Offsets committed to the group: the start of a partition whose lane gives none. */
    private readonly groupOffsets: Map<string, bigint>,
  ) {}

  /** The lanes that it assumes to have. */
  get held(): Set<number> {
    return new Set([...this.#feeds.values()].map((feed) => feed.number));
  }

  /** Resolves when all changes so far have been announced. */
  get settled(): Promise<void> {
    return this.#announced;
  }

  /**
   * Applies a decision of the group.
   * @param isNext whether no other member can have had the kept lanes; otherwise everything is lost and gained again
   */
  joined(lanes: readonly number[], isNext: boolean): void {
    const wanted = new Set(lanes);
    const lost = [...this.#feeds.values()].filter((feed) => !isNext || !wanted.has(feed.number));
    for (const feed of lost) this.#drop(feed);
    const gained: Feed[] = [];
    for (const number of lanes)
      for (const topic of INPUT_TOPICS)
        if (!this.#feeds.has(partitionKey(topic, number))) gained.push(this.#add(topic, number));
    this.#announced = this.#announced.then(async () => {
      await this.#revoke(lost.filter((feed) => feed.isAnnounced));
      await this.#assign(gained);
    });
  }

  /** Its fetches are no longer answered. */
  standStill(): void {
    for (const feed of this.#feeds.values()) feed.hold('unanswered');
  }

  pause(partitions: TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#feed(topic, partition)?.hold('application');
  }

  resume(partitions: TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#feed(topic, partition)?.release('application');
  }

  seek(topic: string, partition: number, offset: bigint): void {
    this.#feed(topic, partition)?.seek(offset);
  }

  /** Best effort. It only serves to monitor the lag. */
  async commit(offsets: { topic: string; partition: number; offset: bigint }[]): Promise<void> {
    for (const { topic, partition, offset } of offsets)
      if (this.#feed(topic, partition)) this.groupOffsets.set(partitionKey(topic, partition), offset);
  }

  #feed(topic: string, partition: number): Feed | undefined {
    return this.#feeds.get(partitionKey(topic, partition));
  }

  #add(topic: string, number: number): Feed {
    const { world, broker, owner } = this;
    const partition = broker.partition(topic, number);
    const start = this.groupOffsets.get(partitionKey(topic, number)) ?? partition.low;
    const feed = new Feed(
      {
        world,
        owner,
        partition,
        deliver: (records) => this.lanes().enqueue(topic, number, records),
        onOutOfRange: () => {
          world.cover('fault:offset out of range');
          this.lanes().onOffsetOutOfRange({ topic, partition: number });
        },
      },
      start,
    );
    this.#feeds.set(partitionKey(topic, number), feed);
    return feed;
  }

  #drop(feed: Feed): void {
    feed.close();
    this.#feeds.delete(partitionKey(feed.topic, feed.number));
  }

  async #revoke(lost: readonly Feed[]): Promise<void> {
    if (lost.length > 0) await this.lanes().onRevoked(lost.map(toTopicPartition));
  }

  /** Repeats until it succeeds, and leaves out lanes that are lost meanwhile. */
  async #assign(gained: readonly Feed[]): Promise<void> {
    for (;;) {
      const current = gained.filter((feed) => !feed.isClosed);
      if (current.length === 0) return;
      for (const feed of current) feed.isAnnounced = true;
      try {
        const offsets = await this.lanes().onAssigned(current.map(toTopicPartition));
        for (const feed of current) {
          const offset = offsets.get(partitionKey(feed.topic, feed.number));
          if (offset !== undefined) feed.seek(offset);
          feed.release('assigning');
        }
        return;
      } catch (error) {
        this.world.cover('fault:assignment failed');
        this.world.trace(`${this.owner.name} assignment failed: ${String(error)}`);
        await this.world.scheduler.sleep(RETRY_MS, this.owner);
      }
    }
  }
}

const toTopicPartition = ({ topic, number }: Feed): TopicPartition => ({ topic, partition: number });
