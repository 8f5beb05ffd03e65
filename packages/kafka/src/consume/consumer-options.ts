import type { KafkaRecord, TopicPartition } from '../config.js';

export interface RecordBatch {
  topic: string;
  partition: number;
  /** In the order of offsets; offsets may have gaps (transaction markers, compaction, aborted records). */
  records: KafkaRecord[];
  /** One past the last record in the log, transaction markers and open transactions included. */
  highWatermark: bigint;
  /** The group's generation in which the batch was delivered; -1 if unknown. */
  generationId: number;
}

export interface BatchConsumerOptions {
  groupId: string;
  /** Without prefix. They must exist. */
  topics: string[];
  /** Partition i of all topics goes to the same member, also where one of them has more partitions than another. */
  coPartitioned?: boolean;
  /** Where to start a partition for which neither `onAssigned` nor the group has an offset. */
  fromBeginning: boolean;
  /**
   * Milliseconds that a fetch waits for records. Default 5. Records that come are returned at once whatever it is;
   * it bounds how long a resumed or sought partition, a heartbeat or a commit waits for the fetch under way, since
   * they share a connection. An idle consumer at 5 ms costs about an eighth of a core; 50 saves most of that.
   */
  maxWaitTimeMs?: number;
  /** Least milliseconds from one fetch that brought records to the next. Default 4; a lone record never waits for it. */
  minFetchIntervalMs?: number;
  /** Default 1 MiB. Up to two batches per partition are in memory. */
  maxBytesPerPartition?: number;
  /** Milliseconds without a heartbeat after which the group gives the partitions away. Default 15,000. */
  sessionTimeoutMs?: number;
  /** Milliseconds that `stop` and a rebalance wait for handlers in work. Default 10,000; a rebalance waits at most a third of the session. */
  drainTimeoutMs?: number;
  /**
   * Partitions gained (not those kept). Returns offsets to start from by `topic:partition`; one that is absent
   * starts at the group's committed offset. Nothing of them is delivered before it has finished; a rejection is
   * tried again, with backoff.
   */
  onAssigned?(assigned: TopicPartition[]): Promise<Map<string, bigint> | undefined> | Promise<void> | void;
  /**
   * Partitions lost, after their running handlers have ended or the bound has passed. With `stop` it comes before
   * the group is left; with a rebalance after, so the next owner may have begun: fence with what you store.
   */
  onRevoked?(revoked: TopicPartition[]): Promise<void> | void;
  /**
   * Before each rejoin, while the partitions are still this member's alone: the time to hand in what must not come
   * after the next owner has begun. Waited for as long as for handlers in work.
   */
  beforeRejoin?(): Promise<void>;
  /** It has joined again; `onRevoked` and `onAssigned` follow for what has changed. */
  onRejoined?(): void;
  /**
   * Called for one batch of a partition at a time. A rejection delivers the batch again after a backoff with
   * jitter; other partitions go on.
   */
  onBatch(batch: RecordBatch): Promise<void> | void;
  /**
   * Called once with the records of each batch as they come, which may be well before their turn in `onBatch`: for
   * what may be known early. They may come again, and may be dropped before their turn. It must not wait or throw.
   */
  onFetched?(records: readonly KafkaRecord[]): void;
  /**
   * The wanted offset is not in the log (retention passed, topic recreated). The partition is held until `seek`.
   * Without this callback the consumer logs an error and goes on at the log's beginning or end (`fromBeginning`).
   */
  onOffsetOutOfRange?(at: TopicPartition): void;
  /** The consumer lost its connection or its group for good and is being made anew. See `state`. */
  onCrash?(error: Error): void;
  commit: 'after-batch' | 'manual';
}

export type ConsumerState = 'starting' | 'running' | 'stopped' | 'crashed';
