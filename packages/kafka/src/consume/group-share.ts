import type { KafkaConfig } from '../config.js';
import { BatchConsumer } from './batch-consumer.js';
import { DEFAULT_SESSION_TIMEOUT_MS } from './group-session.js';

export interface GroupShareOptions {
  readonly groupId: string;
  /** Whose partitions are shared out. Nothing of it is read here, and nothing is committed. */
  readonly topic: string;
  /** Milliseconds without a heartbeat after which the group gives the partitions away. Default 15,000. */
  readonly sessionTimeoutMs?: number;
  onGained(partitions: number[]): void;
  /** After a rejoin: another member may have had them for a moment. Tell by `isConfirmed` in between. */
  onLost(partitions: number[]): void;
  /**
   * A rejoin begins: the time to finish what must not go on under another owner. `onRejoined` follows. The group
   * waits, but for no more than a third of the session.
   */
  beforeRejoin?(): Promise<void>;
  onRejoined?(): void;
}

/**
 * A share of a topic's partitions in a consumer group, without reading them: who may act for what is keyed to them. At
 * most one member at a time is confirmed in having a partition, unless its process was stopped within a heartbeat.
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
      // Everything is paused, so this is how often the loop looks whether a heartbeat is due.
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

  /** Whether the group has confirmed the membership so lately that it cannot have given the partitions away. */
  get isConfirmed(): boolean {
    return (
      this.#consumer.state === 'running' && this.#consumer.confirmedAgeMs < (this.#sessionTimeoutMs * 2) / 3
    );
  }

  /** Resolves with the first share, however long the brokers take; rejects only if stopped before. */
  start(): Promise<void> {
    return this.#consumer.start();
  }

  stop(): Promise<void> {
    return this.#consumer.stop();
  }
}
