import zlib from 'node:zlib';
import type { ICustomPartitioner, Message, RecordMetadata, TopicMessages } from 'kafkajs';
import { type KafkaConfig, type OutgoingRecord, partitionKey } from '../config.js';
import type { TopicNames } from './client.js';
import { ZSTD } from './record-batch.js';
import { TopicRecords } from './topic-records.js';

/** Upper estimate for the record's own framing, per record and per header. */
const RECORD_OVERHEAD_BYTES = 70;
const HEADER_OVERHEAD_BYTES = 10;

/**
 * Below the broker's default `message.max.bytes` (1,048,588) with a margin. kafkajs makes one record batch per
 * partition of a request, so this limit keeps the broker from refusing it as MESSAGE_TOO_LARGE.
 */
export const MAX_REQUEST_BYTES = 900_000;

/** Estimated bytes of a record on the wire, an upper estimate for ASCII text. */
export function estimateBytes(record: OutgoingRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES;
  if (record.key !== null) bytes += record.key.length;
  if (record.value !== null)
    bytes += typeof record.value === 'string' ? Buffer.byteLength(record.value) : record.value.length;
  if (record.headers)
    for (const name in record.headers) {
      bytes += HEADER_OVERHEAD_BYTES + name.length + record.headers[name]!.length;
    }
  return bytes;
}

/**
 * Runs of records that each fit into a request. The broker limits a partition's batch, for which a topic's part of
 * the run is the upper bound. All topics of a run together may be twice as much, so that a run slightly too large for
 * one topic does not move the records of others into a request of their own.
 */
export function* cutIntoRequests(records: OutgoingRecord[]): Generator<OutgoingRecord[]> {
  const bytesOfTopics = new Map<string, number>();
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < records.length; i += 1) {
    const record = records[i]!;
    const size = estimateBytes(record);
    let ofTopic = (bytesOfTopics.get(record.topic) ?? 0) + size;
    bytes += size;
    if (i > from && (ofTopic > MAX_REQUEST_BYTES || bytes > 2 * MAX_REQUEST_BYTES)) {
      yield records.slice(from, i);
      from = i;
      bytesOfTopics.clear();
      ofTopic = size;
      bytes = size;
    }
    bytesOfTopics.set(record.topic, ofTopic);
  }
  if (from < records.length) yield from === 0 ? records : records.slice(from);
}

/**
 * Calls `decide` of a topic's records, see `TopicRecords`. Records without a key go to the partitions in rotation.
 */
export const createPartitioner: ICustomPartitioner = () => {
  let last = 0;
  const nextPartition = () => {
    last += 1;
    return last;
  };
  return ({ partitionMetadata, message }) => {
    (message as unknown as TopicRecords).decide(partitionMetadata.length, nextPartition);
    return 0;
  };
};

/** Records by topic, in their order. */
export function byTopic(records: OutgoingRecord[], names: TopicNames): TopicRecords[] {
  const topics = new Map<string, TopicRecords>();
  for (const record of records) {
    let topic = topics.get(record.topic);
    if (!topic) {
      topic = new TopicRecords(names.toWire(record.topic));
      topics.set(record.topic, topic);
    }
    topic.records.push(record);
  }
  return [...topics.values()];
}

/** The argument of `sendBatch`. */
export function toTopicMessages(topics: TopicRecords[]): TopicMessages[] {
  return topics.map((records) => ({ topic: records.topic, messages: records as unknown as Message[] }));
}

/**
 * Whether the broker has acknowledged every partition that was written to. If a partition's leader moves during a
 * retry to a broker that has already answered, kafkajs forgets its records and reports success.
 */
export function isFullyAcknowledged(sent: TopicRecords[], answers: RecordMetadata[]): boolean {
  const acknowledged = new Set(
    answers
      .filter((answer) => answer.errorCode === 0)
      .map((answer) => partitionKey(answer.topicName, answer.partition)),
  );
  return sent.every(
    ({ topic, partitions }) =>
      partitions.length > 0 &&
      partitions.every((partition) => acknowledged.has(partitionKey(topic, partition))),
  );
}

/** The `compression` argument of `sendBatch`. A Node before 22.15 has no zstd. */
export const compressionOf = ({ compression = 'zstd' }: Pick<KafkaConfig, 'compression'>): number =>
  compression === 'zstd' && 'zstdCompressSync' in zlib ? ZSTD : 0;
