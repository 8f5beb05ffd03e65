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
 * Errors that kafkajs logs and then retries on its own: the first look-up of a coordinator, a refused connection
 * among several, a response that is not ready yet. What remains failing is reported by our own classes.
 */
const RETRIED =
  /^(Response |Connection (error|timeout)|Failed to connect to (seed )?broker|Failed to send messages|Failed to find group coordinator|Crash: |Restarting the consumer|\[?Connection|Closed connection|The group coordinator|The coordinator is not)/;

/**
 * Maps kafkajs entries to ours. kafkajs is loud: its INFO (each pause and resume of a partition) becomes debug, its
 * WARN debug as well, and an ERROR that it retries itself too. Any other ERROR is a warning, since this package
 * decides what is an error and says so in its own words.
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
    if (entry.level === ERROR && !RETRIED.test(message)) log.warn(fields, line);
    else if (entry.level <= WARN) log.debug(fields, line);
    else log.debug(fields, line);
  };
}
