import { hash } from 'node:crypto';
import type { KafkaRecord } from '@subledger/kafka';

/**
 * Tells a record from any other that a re-created topic could have at its offset: broker time, key and value.
 * Stored with the lane for the last processed record, and compared with the log at takeover.
 */
export function recordFingerprint(record: Pick<KafkaRecord, 'timestampMs' | 'key' | 'value'>): string {
  const value = record.value === null ? '-' : hash('sha256', record.value, 'hex').slice(0, 32);
  return `${record.timestampMs}:${record.key ?? ''}:${value}`.slice(0, 256);
}
