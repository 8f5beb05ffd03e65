import { z } from 'zod';
import { TOPICS } from './topics.js';
import { DEAD_LETTER_REASONS, type DeadLetterReason } from './vocabulary.js';

/** Headers of a record on `deadletters.v1`; its key is that of the source record, its value a `deadLetterDocument`. */
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
 * Value of a record on `deadletters.v1`, as `packages/kafka` writes it. `value` is the source record's, as text or as
 * base64 by `encoding`; only its beginning where `truncated`.
 */
export const deadLetterDocument = z
  .looseObject({
    source: z.object({ topic: z.string(), partition: z.int().min(0), offset: z.string().regex(/^\d+$/) }),
    reason: z.string().describe('one of DEAD_LETTER_REASONS, or a code of the consumer that wrote it'),
    detail: z.string().describe('for a human; never quotes the record'),
    type: z.string().optional().describe("the CloudEvent's, where it could be read"),
    id: z.string().optional().describe("the CloudEvent's, where it could be read"),
    key: z.string().nullable(),
    headers: z.record(z.string(), z.string()),
    timestampMs: z.number(),
    valueBytes: z.int().min(0),
    encoding: z.enum(['json', 'base64', 'none']),
    truncated: z.boolean(),
    value: z.string().nullable(),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetterDocument = z.infer<typeof deadLetterDocument>;
