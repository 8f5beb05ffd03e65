import type { KafkaLogger } from '../config.js';

/** One entry as kafkajs gives it to a log creator. */
export interface LibraryLogEntry {
  namespace: string;
  level: number;
  log: { message: string; [field: string]: unknown };
}

const ERROR = 1;
const WARN = 2;

/**
 * How errors begin that kafkajs logs and then retries: the first look-up of a coordinator, a refused connection among
 * several, a response that is not ready yet. Our own classes report failures that last.
 */
export const RETRIED = [
  'Response ',
  'Connection error',
  'Connection timeout',
  'Failed to connect to seed broker',
  'Failed to connect to broker',
  'Failed to send messages',
  'Failed to find group coordinator',
  'Crash: ',
  'Restarting the consumer',
  'Closed connection',
  'The group coordinator',
  'The coordinator is not',
] as const;

/**
 * Maps kafkajs log entries to ours. kafkajs logs much: its INFO (each pause and resume of a partition), its WARN and
 * each ERROR that it retries become debug. Any other ERROR becomes a warning, because this package decides what is an
 * error and logs it itself.
 */
export function createLogSink(
  log: KafkaLogger | undefined,
  watch?: (entry: LibraryLogEntry) => void,
): () => (entry: LibraryLogEntry) => void {
  return () => (entry) => {
    watch?.(entry);
    if (!log) return;
    const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = entry.log;
    const line = `kafkajs ${entry.namespace}: ${message}`;
    if (entry.level === ERROR && !RETRIED.some((start) => message.startsWith(start))) log.warn(fields, line);
    else if (entry.level <= WARN) log.debug(fields, line);
    else log.debug(fields, line);
  };
}
