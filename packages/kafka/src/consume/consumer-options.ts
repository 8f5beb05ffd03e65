import type { KafkaRecord, TopicPartition } from '../config.js';

export interface RecordBatch {
  topic: string;
  partition: number;
  /** In the order of offsets. Offsets may have gaps (transaction markers, compaction, aborted records). */
  records: KafkaRecord[];
  /** The offset after the last record of the log, including transaction markers and open transactions. */
  highWatermark: bigint;
  /** The group's generation in which the batch was delivered, or -1 if unknown. */
  generationId: number;
}

export interface BatchConsumerOptions {
  groupId: string;
  /** Names without prefix. The topics must exist. */
  topics: string[];
  /** Gives partition i of all topics to the same member, even if one topic has more partitions than another. */
  coPartitioned?: boolean;
  /** Where to start in a partition if neither `onAssigned` nor the group has an offset. */
  fromBeginning: boolean;
  /**
   * Milliseconds that a fetch waits for records. Default 5. A fetch returns as soon as records arrive, whatever this
   * value is. It limits how long a resumed or sought partition, a heartbeat or a commit waits for the fetch that
   * shares its connection. A consumer that has had no record for a second waits longer (`IDLE_WAIT_MS`).
   */
  maxWaitTimeMs?: number;
  /** Minimum milliseconds between two fetches that brought records. Default 4. A lone record never waits for it. */
  minFetchIntervalMs?: number;
  /** Default 1 MiB. Up to two batches per partition are in memory. */
  maxBytesPerPartition?: number;
  /** Milliseconds without a heartbeat after which the group gives the partitions away. Default 15,000. */
  sessionTimeoutMs?: number;
  /**
   * Milliseconds that `stop` and a rebalance wait for running handlers. Default 10,000. A rebalance waits at most a
   * third of the session.
   */
  drainTimeoutMs?: number;
  /**
   * Called with gained partitions, without those kept. Returns offsets to start from by `topic:partition`. A
   * partition without one starts at the group's committed offset. Nothing is delivered from these partitions before
   * this call has finished. If it rejects, it is called again with backoff.
   */
  onAssigned?(assigned: TopicPartition[]): Promise<Map<string, bigint> | undefined> | Promise<void> | void;
  /**
   * Called with lost partitions, after their running handlers have ended or the drain time-out has passed. With
   * `stop`, it runs before the member leaves the group. With a rebalance, it runs afterwards, so the next owner may
   * already have begun: fence it in your storage.
   */
  onRevoked?(revoked: TopicPartition[]): Promise<void> | void;
  /**
   * Called before each rejoin, while this member still owns its partitions exclusively: write here what must not
   * arrive after the next owner has begun. It is waited for as long as running handlers.
   */
  beforeRejoin?(): Promise<void>;
  /** Called when it has joined again. `onRevoked` and `onAssigned` follow for changes. */
  onRejoined?(): void;
  /**
   * Called for one batch of a partition at a time. If it rejects, the batch is delivered again after a backoff with
   * jitter. Other partitions continue.
   */
  onBatch(batch: RecordBatch): Promise<void> | void;
  /**
   * Called once with the records of each batch when they are fetched, which may be well before `onBatch`, for work
   * that can start early. They may come again, or be dropped before `onBatch`. It must not wait or throw.
   */
  onFetched?(records: readonly KafkaRecord[]): void;
  /**
   * Called if the wanted offset is not in the log (retention passed, topic recreated). The partition waits for
   * `seek`. Without this callback, the consumer logs an error and continues at the log's beginning or end
   * (`fromBeginning`).
   */
  onOffsetOutOfRange?(at: TopicPartition): void;
  /** Called when the consumer has lost its connection or its group for good and is replaced. See `state`. */
  onCrash?(error: Error): void;
  commit: 'after-batch' | 'manual';
}

export type ConsumerState = 'starting' | 'running' | 'stopped' | 'crashed';
