/** Kafka is unreachable or did not answer in time. The outcome of the request may be unknown: try again. */
export class KafkaUnavailableError extends Error {
  override readonly name = 'KafkaUnavailableError';
}

/**
 * A newer owner of the transactional id exists, or the broker has expired this one. This package never retries it.
 */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/** Kafka refuses these records or this request, and would refuse them again, such as MESSAGE_TOO_LARGE. */
export class KafkaRejectedError extends Error {
  override readonly name = 'KafkaRejectedError';
  /** Kafka's name of the error. */
  readonly code: string;
  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A topic exists with another number of partitions. docs/operations/more-partitions.md says how to grow one. */
export class PartitionCountError extends Error {
  override readonly name = 'PartitionCountError';
}

interface LibraryError {
  name?: unknown;
  message?: unknown;
  type?: unknown;
  retriable?: unknown;
  cause?: unknown;
  originalError?: unknown;
}

/** kafkajs wraps errors up to three times. The innermost error has Kafka's own error name. */
function rootCause(error: unknown): LibraryError {
  let current = error as LibraryError;
  for (let depth = 0; depth < 8; depth += 1) {
    const inner = (current?.cause ?? current?.originalError) as LibraryError | undefined;
    if (inner === undefined || inner === null || inner === current || typeof inner !== 'object') break;
    current = inner;
  }
  return current ?? {};
}

/** Kafka's name of the error (`OFFSET_OUT_OF_RANGE`), or the class name if there is none. */
export function errorCode(error: unknown): string {
  const cause = rootCause(error);
  if (typeof cause.type === 'string') {
    // kafkajs 2.2.4 knows codes up to 88; 90 is PRODUCER_FENCED.
    if (cause.type === 'KAFKAJS_UNKNOWN_ERROR_CODE' && /\b90$/.test(String(cause.message)))
      return 'PRODUCER_FENCED';
    return cause.type;
  }
  return typeof cause.name === 'string' ? cause.name : 'UNKNOWN';
}

const FENCING = new Set([
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
]);

export function isFencing(error: unknown): boolean {
  return FENCING.has(errorCode(error));
}

/** Errors that the same records would cause again. All others are worth a retry. */
const PERMANENT = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REQUIRED_ACKS',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_VERSION',
  'POLICY_VIOLATION',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'TypeError',
  'RangeError',
  // kafkajs's own refusals, such as an invalid topic name. If Kafka answered, its answer is the root cause.
  'KafkaJSNonRetriableError',
]);

export function isPermanent(error: unknown): boolean {
  return PERMANENT.has(errorCode(error));
}

/** The error that callers of this package get instead of a kafkajs error. */
export function toTransportError(action: string, error: unknown): Error {
  if (
    error instanceof FencedError ||
    error instanceof KafkaUnavailableError ||
    error instanceof KafkaRejectedError
  )
    return error;
  const code = errorCode(error);
  const text = `${action}: ${code}: ${String(rootCause(error).message ?? error)}`;
  if (isFencing(error)) return new FencedError(text, { cause: error });
  if (isPermanent(error)) return new KafkaRejectedError(text, code, { cause: error });
  return new KafkaUnavailableError(text, { cause: error });
}
