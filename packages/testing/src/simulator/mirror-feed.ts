import { randomUUID } from 'node:crypto';
import { TOPICS } from '@subledger/contracts';
import { BatchConsumer, type KafkaConfig, type KafkaRecord, partitionKey } from '@subledger/kafka';
import type { LimitMirror } from './limit-mirror.js';

/**
 * The consumer that keeps a mirror: all limit records from the beginning of the topic, and our own reports as they
 * come back from the log, with their offsets.
 */
export function mirrorFeed(kafka: KafkaConfig, mirror: LimitMirror): BatchConsumer {
  const consumer: BatchConsumer = new BatchConsumer(kafka, {
    // A mirror is built anew at each start, so it needs no committed offsets.
    groupId: `sms-simulator-${randomUUID()}`,
    topics: [TOPICS.limits, TOPICS.messages],
    fromBeginning: true,
    maxWaitTimeMs: 50,
    commit: 'manual',
    onAssigned: async (assigned) => {
      const starts = await Promise.all(
        assigned.map(async ({ topic, partition }) => {
          const { low, high } = await consumer.logRange(topic, partition);
          // Of the messages only our own matter, and those are still to come.
          return [partitionKey(topic, partition), topic === TOPICS.messages ? high : low] as const;
        }),
      );
      return new Map(starts);
    },
    onBatch: ({ topic, records }) => {
      for (const record of records) {
        if (topic === TOPICS.limits) mirror.apply(record);
        else locate(mirror, record);
      }
    },
  });
  return consumer;
}

function locate(mirror: LimitMirror, record: KafkaRecord): void {
  try {
    const { data } = JSON.parse(record.value?.toString('utf8') ?? '');
    if (typeof data?.sentAt === 'string') mirror.located(data.subAccountId, data.messageId, record.offset);
  } catch {
    // Somebody else's record; the ledger deals with it.
  }
}
