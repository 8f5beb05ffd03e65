import type { OutgoingRecord } from '../config.js';
import { partitionFor } from '../murmur2.js';

/** A request's records of one partition, in order. kafkajs only uses their number. */
export class PartitionRecords {
  readonly records: OutgoingRecord[] = [];

  get length(): number {
    return this.records.length;
  }
}

type Group = (result: Record<number, PartitionRecords>, message: TopicRecords) => unknown;

/**
 * A request's records of one topic. It replaces kafkajs's array of messages, of which kafkajs uses `find` (to look
 * for a missing value) and `reduce` (to group by partition, with the partitioner). With an array kafkajs would need
 * one object per record for the chosen partition, and copy the group once per record.
 */
export class TopicRecords {
  /** With the prefix. */
  readonly topic: string;
  readonly records: OutgoingRecord[] = [];
  /**
   * How often kafkajs has put them into a request. If more than once, an earlier request may have been written too.
   */
  attempts = 0;
  #byPartition: Record<number, PartitionRecords> | undefined;

  constructor(topic: string) {
    this.topic = topic;
  }

  get length(): number {
    return this.records.length;
  }

  /** The partitions written to. Empty before the first attempt to send. */
  get partitions(): number[] {
    return Object.keys(this.#byPartition ?? {}).map(Number);
  }

  /** The records of a partition in the order in which they were written. */
  of(partition: number): readonly OutgoingRecord[] {
    return this.#byPartition?.[partition]?.records ?? [];
  }

  find(isWanted: (record: OutgoingRecord) => boolean): OutgoingRecord | undefined {
    return this.records.find(isWanted);
  }

  /**
   * kafkajs's `group` calls the partitioner for the message that it gets, and ours calls `decide`.
   * @throws Error if kafkajs groups without the partitioner
   */
  reduce(group: Group, result: Record<number, PartitionRecords>): Record<number, PartitionRecords> {
    group(result, this);
    if (!this.#byPartition) throw new Error('kafkajs no longer asks the partitioner in order to group');
    this.attempts += 1;
    return this.#byPartition;
  }

  /**
   * Chooses partitions like Java's default partitioner, once: kafkajs asks again for every retry, and a record must
   * not change its partition in between.
   * @param nextPartition chooses the partition of a record without a key
   */
  decide(partitions: number, nextPartition: () => number): void {
    if (this.#byPartition) return;
    const groups: Record<number, PartitionRecords> = {};
    for (const record of this.records) {
      const { key } = record;
      const partition =
        record.partition ?? (key === null ? nextPartition() % partitions : partitionFor(key, partitions));
      groups[partition] ??= new PartitionRecords();
      groups[partition].records.push(record);
    }
    this.#byPartition = groups;
  }
}
