import { hash } from 'node:crypto';
import { mainAccountId } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';

const shortHash = (bytes: string | Buffer): string => hash('sha256', bytes, 'hex').slice(0, 32);

/**
 * Distinguishes a record from another one at the same offset of a recreated topic, by broker time, key and value. It
 * is stored with the lane for the last processed record, and compared with the log at takeover. A key that is not an
 * account's id may be a phone number, and is not stored in clear.
 */
export function recordFingerprint({
  timestampMs,
  key,
  value,
}: Pick<KafkaRecord, 'timestampMs' | 'key' | 'value'>): string {
  return fingerprintOf(timestampMs, shownKey(key), value);
}

/** The fingerprint in rows from before keys were hidden. */
export const formerFingerprint = ({
  timestampMs,
  key,
  value,
}: Parameters<typeof recordFingerprint>[0]): string => fingerprintOf(timestampMs, key ?? '', value);

const fingerprintOf = (timestampMs: number, key: string, value: KafkaRecord['value']): string =>
  `${timestampMs}:${key}:${value === null ? '-' : shortHash(value)}`;

const shownKey = (key: string | null): string =>
  key === null || mainAccountId.safeParse(key).success ? (key ?? '') : shortHash(key);
