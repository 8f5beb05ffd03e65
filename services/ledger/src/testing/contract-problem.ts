import { deadLetterDocument, EVENTS, limitRecord, TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import type { z } from 'zod';

const schemaOf = (topic: string, json: { type?: unknown } | null): z.ZodType | undefined => {
  if (topic === TOPICS.events) return EVENTS.get(String(json?.type))?.schema;
  return topic === TOPICS.limits
    ? limitRecord
    : topic === TOPICS.deadLetters
      ? deadLetterDocument
      : undefined;
};

/**
 * How a published record breaks the contract of its topic, or null. Readers would dead-letter such an event: the
 * balance would have changed, and no statement would explain it.
 */
export function contractProblem({
  topic,
  key,
  value,
}: Pick<KafkaRecord, 'topic' | 'key' | 'value'>): string | null {
  const isTombstone = topic === TOPICS.limits && value === null;
  if (isTombstone) return null;
  const json = JSON.parse(String(value));
  const schema = schemaOf(topic, json);
  if (!schema) return `${topic}: no contract has the type ${json?.type}`;
  const result = schema.safeParse(json);
  if (!result.success) return `${topic} ${json?.type ?? ''} of ${key}: ${String(result.error)}`;
  const owner =
    topic === TOPICS.events ? json.data.mainAccountId : topic === TOPICS.limits ? json.subAccountId : key;
  return key === owner ? null : `${topic} ${json?.type ?? ''}: the key is ${key} and not ${owner}`;
}
