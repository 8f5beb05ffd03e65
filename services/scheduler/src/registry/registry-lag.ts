import { BatchConsumer, type KafkaConfig, readRecord } from '@subledger/kafka';
import type { EventPosition } from './event-positions.js';

/** A transaction of the ledger ends in a marker that counts as an offset; this many in a row are looked through. */
const MAX_MARKERS = 20n;

/**
 * How many partitions have events that the registry does not have yet. Read from Kafka itself, so that another process
 * than the one that reads can tell.
 *
 * @throws KafkaUnavailableError | KafkaRejectedError
 */
export async function partitionsBehind(
  kafka: KafkaConfig,
  positions: readonly EventPosition[],
): Promise<number> {
  // Never started, so never in a group: only asked for the range of each log.
  const reader = new BatchConsumer(kafka, {
    groupId: 'scheduler-lag',
    topics: [],
    fromBeginning: true,
    commit: 'manual',
    onBatch: () => {},
  });
  try {
    let behind = 0;
    for (const position of positions) {
      const { low, high } = await reader.logRange(position.topic, position.partition);
      const next = position.nextOffset > low ? position.nextOffset : low;
      if (await hasRecord(kafka, position, next, high)) behind += 1;
    }
    return behind;
  } finally {
    await reader.stop();
  }
}

async function hasRecord(kafka: KafkaConfig, at: EventPosition, from: bigint, to: bigint): Promise<boolean> {
  if (to - from > MAX_MARKERS) return true;
  for (let offset = from; offset < to; offset += 1n) {
    if ((await readRecord(kafka, at.topic, at.partition, offset)) !== null) return true;
  }
  return false;
}
