/** Node's error codes for a connection that cannot be made or breaks. */
const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  // The stream was written to while it was breaking.
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_SOCKET_CLOSED',
]);

/**
 * SQLSTATEs, or their prefixes, after which there is no connection. @see
 * https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
const CONNECTION_STATES = [
  '08', // connection exceptions
  '57P', // the server stops, starts, or has lost the database
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '25006', // read_only_sql_transaction: the old primary after a failover; a new connection finds the new one
  '53300', // too_many_connections
];

/** SQLSTATEs, or their prefixes, that may not occur again if the same transaction is repeated. */
const TRANSIENT_STATES = [
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
  '57000', // operator_intervention
  '57014', // query_canceled: statement_timeout
  '53', // insufficient resources: disk, memory, a limit of the configuration
  '58000', // system_error
  '58030', // io_error
];
const begins = (state: string | undefined, beginnings: readonly string[]): boolean =>
  state !== undefined && beginnings.some((beginning) => state.startsWith(beginning));

/** Errors of `pg` and `pg-pool` without a code. The last two: answers out of order, and a stopping service. */
const MESSAGES = new RegExp(
  `^(${[
    'Connection terminated',
    'Connection ended unexpectedly',
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Query read timeout',
    'Client has encountered a connection error',
    'Client was closed and is not queryable',
    'Received unexpected \\w+ message from backend',
    'Cannot use a pool after calling end',
  ].join('|')})`,
);

/** Names of the same errors in Prisma's driver adapter. */
const PRISMA_KINDS = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
]);
const PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2037']);
/** A write conflict or a deadlock, for any SQLSTATE. */
const PRISMA_CONFLICT = 'P2034';

/**
 * Whether the connection was lost, refused or never made. Then nothing is known about the data. Any other error
 * concerns the statement or the data, and would occur again.
 *
 * It searches `cause`, `AggregateError`s and Prisma's copy of its driver's error (`meta.driverAdapterError`, not
 * `cause`), so it works for errors of `pg` and of Prisma, wrapped or not.
 */
export function isConnectionError(error: unknown): boolean {
  return some(error, isDirectConnectionError);
}

/**
 * Whether the same transaction may succeed if it is repeated: after a connection error, a deadlock, a serialization
 * failure, a lock or statement time-out, or if the server lacks resources.
 */
export function isTransientError(error: unknown): boolean {
  return some(
    error,
    (one) =>
      isDirectConnectionError(one) ||
      begins(directSqlState(one), TRANSIENT_STATES) ||
      fields(one).code === PRISMA_CONFLICT,
  );
}

/** Limited to the existing classes, because `EPIPE` and Prisma's `P2025` have five characters too. */
const SQL_STATE = /^(?:[0-9][0-9A-Z]|F0|HV|P0|XX)[0-9A-Z]{3}$/;

/**
 * PostgreSQL's five-character code, or undefined. `23505` is a unique violation. It searches wrapped errors like the
 * others.
 */
export function sqlState(error: unknown): string | undefined {
  let state: string | undefined;
  some(error, (one) => {
    state = directSqlState(one);
    return state !== undefined;
  });
  return state;
}

function directSqlState(error: unknown): string | undefined {
  const { code, originalCode } = fields(error);
  for (const value of [originalCode, code]) {
    if (typeof value === 'string' && SQL_STATE.test(value)) return value;
  }
  return undefined;
}

function isDirectConnectionError(error: unknown): boolean {
  const { code, kind, message } = fields(error);
  if (typeof code === 'string' && (SOCKET_CODES.has(code) || PRISMA_CODES.has(code))) return true;
  if (typeof kind === 'string' && PRISMA_KINDS.has(kind)) return true;
  const state = directSqlState(error);
  if (state !== undefined) return begins(state, CONNECTION_STATES);
  return typeof message === 'string' && MESSAGES.test(message);
}

interface ErrorFields {
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly kind?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly meta?: unknown;
}

function fields(error: unknown): ErrorFields {
  return typeof error === 'object' && error !== null ? (error as ErrorFields) : {};
}

/** Deeper than our own wrapping, and a limit for cyclic causes. */
const MAX_DEPTH = 8;

function some(error: unknown, test: (error: unknown) => boolean, depth = 0): boolean {
  if (depth > MAX_DEPTH || typeof error !== 'object' || error === null) return false;
  if (test(error)) return true;
  const { cause, errors, meta } = fields(error);
  if (some(cause, test, depth + 1)) return true;
  const { driverAdapterError } = (meta ?? {}) as { readonly driverAdapterError?: unknown };
  if (some(driverAdapterError, test, depth + 1)) return true;
  return Array.isArray(errors) && errors.some((one) => some(one, test, depth + 1));
}
