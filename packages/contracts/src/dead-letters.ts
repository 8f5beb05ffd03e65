import { z } from 'zod';
import { TOPICS } from './topics.js';
import { DEAD_LETTER_REASONS, type DeadLetterReason } from './vocabulary.js';

/**
 * Headers of a record on `deadletters.v1`. Its value is a `deadLetterDocument`. Its key is the key of the source
 * record if that is an account's id.
 */
export const DEAD_LETTER_HEADERS = {
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  timestamp: 'dead-letter-timestamp',
  reason: 'dead-letter-reason',
} as const;

export const DEAD_LETTER_TOPIC = TOPICS.deadLetters;
export const isDeadLetterReason = (text: string): text is DeadLetterReason =>
  (DEAD_LETTER_REASONS as readonly string[]).includes(text);

/**
 * Value of a record on `deadletters.v1`, as `packages/kafka` writes it. `value` holds the source record sealed,
 * because its key, headers and value may contain a message's content and recipient (docs/decisions/0028). Letters
 * from before that decision have other encodings, and stay for the topic's 30 days.
 */
export const deadLetterDocument = z
  .looseObject({
    source: z.object({ topic: z.string(), partition: z.int().min(0), offset: z.string().regex(/^\d+$/) }),
    reason: z.string().describe('one of DEAD_LETTER_REASONS, or a code of the consumer that wrote it'),
    detail: z.string().describe('text for a person; never quotes the record'),
    type: z.string().optional().describe('of the CloudEvent, if it could be read'),
    id: z.string().optional().describe('of the CloudEvent, if it could be read'),
    key: z.string().nullable().describe('key of the source record, if it is the id of an account'),
    headers: z
      .record(z.string(), z.string())
      .describe('always empty: the headers of the source record are sealed'),
    timestampMs: z.number(),
    valueBytes: z.int().min(0),
    encoding: z.enum(['sealed', 'json', 'base64', 'none']),
    truncated: z.boolean().describe('whether only the beginning of the source record’s value is kept'),
    value: z
      .string()
      .nullable()
      .describe('key, headers and value of the source record, encrypted with AES-256-GCM by DEAD_LETTER_KEY'),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetterDocument = z.infer<typeof deadLetterDocument>;
