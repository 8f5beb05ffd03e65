import type { ICustomPartitioner, Message, RecordMetadata, TopicMessages } from 'kafkajs';
import type { TopicNames } from './client.js';
import { type OutgoingRecord, partitionKey } from './config.js';
import { partitionFor } from './murmur2.js';

/** Room for the record's own framing, per record and per header. */
const RECORD_OVERHEAD_BYTES = 70;
const HEADER_OVERHEAD_BYTES = 10;

/**
 * Below the broker's default `message.max.bytes` (1,048,588) with some to spare: kafkajs makes one record batch per
 * partition of whatever a request holds, so this keeps the broker from refusing it as MESSAGE_TOO_LARGE.
 */
export const MAX_REQUEST_BYTES = 900_000;

/** About the bytes of a record on the wire; an upper estimate for text in ASCII. */
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
 * Decides as Java does, and writes the decision into the message: kafkajs asks again for every retry, and a record
 * must not change its partition in between. A record without a key goes to the next partition in turn.
 */
export const createPartitioner: ICustomPartitioner = () => {
  let turn = 0;
  return ({ partitionMetadata, message }) => {
    if (message.partition === undefined) {
      const count = partitionMetadata.length;
      if (message.key === null || message.key === undefined) {
        turn = (turn + 1) % count;
        message.partition = turn;
      } else {
        message.partition = partitionFor(String(message.key), count);
      }
    }
    return message.partition;
  };
};

/** Records by topic, in kafkajs's form, in their order. */
export function toTopicMessages(records: OutgoingRecord[], names: TopicNames): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const record of records) {
    let messages = byTopic.get(record.topic);
    if (!messages) {
      messages = [];
      byTopic.set(record.topic, messages);
    }
    const message: Message = { key: record.key, value: record.value };
    if (record.headers) message.headers = record.headers;
    if (record.partition !== undefined) message.partition = record.partition;
    messages.push(message);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic: names.toWire(topic), messages }));
}

/**
 * Whether the broker has acknowledged every partition that was written to. kafkajs forgets the records of a partition
 * whose leadership moves, during a retry, to a broker that has already answered, and reports success.
 */
export function isFullyAcknowledged(sent: TopicMessages[], answers: RecordMetadata[]): boolean {
  const acknowledged = new Set(
    answers
      .filter((answer) => answer.errorCode === 0)
      .map((answer) => partitionKey(answer.topicName, answer.partition)),
  );
  return sent.every(({ topic, messages }) => {
    const partitions = new Set(messages.map((message) => message.partition ?? -1));
    return [...partitions].every((partition) => acknowledged.has(partitionKey(topic, partition)));
  });
}
