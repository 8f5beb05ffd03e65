import { hash } from 'node:crypto';
import { mainAccountId } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';

const shortHash = (bytes: string | Buffer): string => hash('sha256', bytes, 'hex').slice(0, 32);

/**
 * Tells a record from any other that a re-created topic could have at its offset: broker time, key and value.
 * Stored with the lane for the last processed record, and compared with the log at takeover. A key that is no account's
 * id may be a recipient's number, and is not stored as it is.
 */
export function recordFingerprint({
  timestampMs,
  key,
  value,
}: Pick<KafkaRecord, 'timestampMs' | 'key' | 'value'>): string {
  const shownKey = key === null || mainAccountId.safeParse(key).success ? (key ?? '') : shortHash(key);
  return `${timestampMs}:${shownKey}:${value === null ? '-' : shortHash(value)}`;
}
