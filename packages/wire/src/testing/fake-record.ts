import { TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';

/** A record as the consumer delivers it, with defaults. */
export const fakeRecord = (
  fields: Partial<Omit<KafkaRecord, 'value'>> & { value?: unknown } = {},
): KafkaRecord => {
  const { value = null, ...rest } = fields;
  const bytes =
    value === null || Buffer.isBuffer(value)
      ? value
      : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return {
    topic: TOPICS.commands,
    partition: 0,
    offset: 0n,
    key: null,
    headers: {},
    timestampMs: Date.parse('2026-11-23T09:00:00Z'),
    ...rest,
    value: bytes,
  };
};
