import filterAbortedMessages from 'kafkajs/src/consumer/filterAbortedMessages.js';
import type { KafkaRecord } from '../config.js';
import { FetchedRecord } from '../kafkajs/fetched-record.js';
import type { FetchedPartition } from '../kafkajs/inner-cluster.js';

/** A partition that is read without a group. */
export interface Followed {
  readonly topic: string;
  readonly partition: number;
  /** The next offset to request. */
  position: bigint;
  /** Records before this offset have been delivered. */
  delivered: bigint;
  highWatermark: bigint;
  /** When the last fetch began after which everything in the log was delivered (`performance.now()`). */
  atEndSince: number;
}

/** The part of an answer that belongs to one partition. */
export interface Arrived {
  readonly followed: Followed;
  readonly from: bigint;
  readonly askedAt: number;
  readonly records: KafkaRecord[];
  readonly next: bigint;
  readonly highWatermark: bigint;
}

/** Reads a partition's part of the answer to a fetch from an offset. */
export function toArrived(
  { followed, from }: { followed: Followed; from: bigint },
  answer: FetchedPartition,
  askedAt: number,
): Arrived {
  // A batch arrives complete, including records before the offset.
  const messages = answer.messages.filter((message) => BigInt(message.offset) >= from);
  const committed = filterAbortedMessages({
    messages,
    abortedTransactions: answer.abortedTransactions ?? [],
  });
  const records: KafkaRecord[] = [];
  for (const message of committed)
    if (!message.isControlRecord)
      records.push(new FetchedRecord(followed.topic, followed.partition, message));
  const last = messages.at(-1);
  const afterLast = last ? BigInt(last.offset) + 1n : from;
  const ofBatch = answer.nextOffset ?? 0n;
  return {
    followed,
    from,
    askedAt,
    records,
    next: ofBatch > afterLast ? ofBatch : afterLast,
    highWatermark: BigInt(answer.highWatermark),
  };
}
