import { type KafkaConfig, LogReader } from '@subledger/kafka';
import type { EventPosition } from './event-positions.js';

/**
 * The number of partitions with events that the registry does not have yet. It is read from Kafka itself, so that
 * another process can know it too.
 *
 *
 * @throws KafkaUnavailableError | KafkaRejectedError
 */
export async function partitionsBehind(
  kafka: KafkaConfig,
  positions: readonly EventPosition[],
): Promise<number> {
  const reader = new LogReader(kafka);
  try {
    let behind = 0;
    for (const position of positions) {
      const { low, high } = await reader.range(position.topic, position.partition);
      const next = position.nextOffset > low ? position.nextOffset : low;
      if (await hasRecord(reader, position, next, high)) behind += 1;
    }
    return behind;
  } finally {
    await reader.close();
  }
}

/** Offsets alone are not enough: markers and aborted records, of which takeovers leave many, count as offsets too. */
async function hasRecord(reader: LogReader, at: EventPosition, from: bigint, to: bigint): Promise<boolean> {
  for (let offset = from; offset < to; ) {
    const { records, next } = await reader.readFrom(at.topic, at.partition, offset);
    if (records.length > 0) return true;
    if (next <= offset) return false;
    offset = next;
  }
  return false;
}
