import type { OutgoingRecord } from '../config.js';
import { partitionFor } from '../murmur2.js';

/** A request's records of one partition, in their order. kafkajs asks only for how many they are. */
export class PartitionRecords {
  readonly records: OutgoingRecord[] = [];

  get length(): number {
    return this.records.length;
  }
}

type Group = (result: Record<number, PartitionRecords>, message: TopicRecords) => unknown;

/**
 * A request's records of one topic, in the place of kafkajs's array of messages, of which kafkajs uses `find` (to look
 * for a missing value) and `reduce` (to group by partition, with the partitioner). With an array it would copy the
 * group once per record, after one object per record was made to hold the partition that was decided on.
 */
export class TopicRecords {
  /** With the prefix. */
  readonly topic: string;
  readonly records: OutgoingRecord[] = [];
  /** How often kafkajs has put them into a request: more than once, and an earlier one may have been written too. */
  attempts = 0;
  #byPartition: Record<number, PartitionRecords> | undefined;

  constructor(topic: string) {
    this.topic = topic;
  }

  get length(): number {
    return this.records.length;
  }

  /** The partitions written to; none before the first attempt to send. */
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

  /** `group` asks the partitioner about the one message that it is given; ours has `decide` called in return. */
  reduce(group: Group, result: Record<number, PartitionRecords>): Record<number, PartitionRecords> {
    group(result, this);
    if (!this.#byPartition) throw new Error('kafkajs no longer asks the partitioner in order to group');
    this.attempts += 1;
    return this.#byPartition;
  }

  /**
   * Decides as Java does, once: kafkajs asks again for every retry, and a record must not change its partition in
   * between. A record without a key goes to the partition that `turn` names.
   */
  decide(partitions: number, turn: () => number): void {
    if (this.#byPartition) return;
    const groups: Record<number, PartitionRecords> = {};
    for (const record of this.records) {
      const { key } = record;
      const partition =
        record.partition ?? (key === null ? turn() % partitions : partitionFor(key, partitions));
      groups[partition] ??= new PartitionRecords();
      groups[partition].records.push(record);
    }
    this.#byPartition = groups;
  }
}
