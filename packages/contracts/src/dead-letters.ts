import { TOPICS } from './topics.js';
import { DEAD_LETTER_REASONS, type DeadLetterReason } from './vocabulary.js';

/** Headers of a record on `deadletters.v1`; the key and the value are those of the source record. */
export const DEAD_LETTER_HEADERS = {
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  timestamp: 'dead-letter-timestamp',
  reason: 'dead-letter-reason',
  detail: 'dead-letter-detail',
} as const;

export const DEAD_LETTER_TOPIC = TOPICS.deadLetters;
export const isDeadLetterReason = (text: string): text is DeadLetterReason =>
  (DEAD_LETTER_REASONS as readonly string[]).includes(text);
