import type { KafkaConfig } from '../config.js';
import { BatchConsumer } from './batch-consumer.js';
import { DEFAULT_SESSION_TIMEOUT_MS } from './group-session.js';

export interface GroupShareOptions {
  readonly groupId: string;
  /** The topic whose partitions are shared. Its records are not read, and no offsets are committed. */
  readonly topic: string;
  /** Milliseconds without a heartbeat after which the group gives the partitions away. Default 15,000. */
  readonly sessionTimeoutMs?: number;
  onGained(partitions: number[]): void;
  /**
   * Called after a rejoin, because another member may have had these partitions for a moment. `isConfirmed` shows
   * this in between.
   */
  onLost(partitions: number[]): void;
  /**
   * Called when a rejoin begins: finish work here that must not continue under another owner. `onRejoined` follows.
   * The group waits for at most a third of the session.
   */
  beforeRejoin?(): Promise<void>;
  onRejoined?(): void;
}

/**
 * A share of a topic's partitions in a consumer group, without reading them. It decides which instance acts for the
 * keys of a partition (docs/decisions/0030). At most one member at a time is confirmed as the owner of a partition,
 * unless its process was suspended within a heartbeat.
 */
export class GroupShare {
  readonly #consumer: BatchConsumer;
  readonly #sessionTimeoutMs: number;

  constructor(config: KafkaConfig, options: GroupShareOptions) {
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS;
    const consumer: BatchConsumer = new BatchConsumer(config, {
      groupId: options.groupId,
      topics: [options.topic],
      fromBeginning: false,
      commit: 'manual',
      // Everything is paused, so this is how often the loop checks whether a heartbeat is due.
      maxWaitTimeMs: 100,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      onAssigned: (assigned) => {
        consumer.pause(assigned);
        options.onGained(assigned.map(({ partition }) => partition));
      },
      onRevoked: (revoked) => options.onLost(revoked.map(({ partition }) => partition)),
      beforeRejoin: async () => options.beforeRejoin?.(),
      onRejoined: () => options.onRejoined?.(),
      onBatch: () => undefined,
    });
    this.#consumer = consumer;
  }

  /** Whether the group has confirmed the membership recently enough that it cannot have given the partitions away. */
  get isConfirmed(): boolean {
    return (
      this.#consumer.state === 'running' && this.#consumer.confirmedAgeMs < (this.#sessionTimeoutMs * 2) / 3
    );
  }

  /**
   * Resolves with the first share, however long the brokers are unreachable.
   * @throws Error only if it is stopped before
   */
  start(): Promise<void> {
    return this.#consumer.start();
  }

  stop(): Promise<void> {
    return this.#consumer.stop();
  }
}
