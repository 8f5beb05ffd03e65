import pg from 'pg';

export interface PoolOptions {
  /** `postgresql://user:password@host:port/database`; `sslmode` and the like are understood. */
  readonly url: string;
  /** PostgreSQL schema that unqualified names resolve in. */
  readonly schema: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Most connections held at once. */
  readonly max: number;
  /** The server cancels a statement that runs longer. Default 30,000; 0 switches it off. */
  readonly statementTimeoutMs?: number;
  /** The server gives up waiting for a lock. Default 10,000; 0 switches it off. */
  readonly lockTimeoutMs?: number;
  /** The server ends a session that sits in an open transaction. Default 30,000; 0 switches it off. */
  readonly idleInTransactionTimeoutMs?: number;
  /** Bound on connecting, and on waiting for a free connection. Default 5,000. */
  readonly connectionTimeoutMs?: number;
  /** How statements are planned. Default `any`, as the server sees fit. */
  readonly plans?: keyof typeof PLANS;
  /** Told of connections lost while nobody was using them. Default: silent, the pool replaces them. */
  readonly onIdleError?: (error: Error) => void;
}

/**
 * Plans for hot paths only ever go through indexes: a named statement keeps the plan of its first executions, when a table
 * may have had a handful of rows and reading all of it looked cheap. A minute of traffic later the same plan would read
 * millions of rows per record, until autovacuum's next look.
 */
const BY_INDEX = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off';
const PLANS = {
  any: '',
  /** Each time anew, with the sizes that the tables have by then. */
  byIndex: ` ${BY_INDEX} -c plan_cache_mode=force_custom_plan`,
  /**
   * And made once, where the statement has a name: nothing in it may depend on the size of a table. Planning a batch's
   * statement anew for every batch cost a seventh of the ledger's speed.
   */
  byIndexOnce: ` ${BY_INDEX} -c plan_cache_mode=force_generic_plan`,
} as const;

/** A plain lower-case identifier, so that it can stand in SQL and in connection options unquoted. */
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** How much longer than the server the client waits for an answer before it gives the connection up. */
const CLIENT_GRACE_MS = 5_000;

/** Throws `RangeError` unless `schema` is a plain identifier (`^[a-z_][a-z0-9_]*$`, at most 63 characters). */
export function assertSchemaName(schema: string): void {
  if (!SCHEMA_NAME.test(schema)) {
    throw new RangeError(`Not a plain PostgreSQL schema name: ${JSON.stringify(schema)}`);
  }
}

/**
 * What every session starts with. The time zone, because Prisma's adapter reads a timestamptz by dropping
 * the offset that PostgreSQL wrote: right in UTC, hours off in a server set up in Tokyo.
 */
export function sessionOptions(schema: string): string {
  return `-c search_path=${schema} -c timezone=UTC`;
}

/**
 * A pool whose connections live in one schema, are bounded in time on both ends, and whose loss never
 * kills the process. `int8` comes back as `bigint`, `date` as its text; only for this pool, so that
 * neither Prisma nor another pool of the process is affected.
 *
 * Connecting is lazy: nothing is tried before the first query.
 */
export function createPool(options: PoolOptions): pg.Pool {
  assertSchemaName(options.schema);
  const statementTimeoutMs = options.statementTimeoutMs ?? 30_000;
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName,
    max: options.max,
    options: `${sessionOptions(options.schema)}${PLANS[options.plans ?? 'any']}`,
    statement_timeout: statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs ?? 10_000,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 30_000,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 5_000,
    // The server's own timeout cannot reach us when the network drops its answer.
    ...(statementTimeoutMs > 0 ? { query_timeout: statementTimeoutMs + CLIENT_GRACE_MS } : {}),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  // A connection that is checked out but between two queries emits its own 'error'; unheard, it would
  // be thrown. The next query on it fails, which is how its user learns of the loss.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

const INT8 = 20;
const INT8_ARRAY = 1016;
const DATE = 1082;

type TypeParser = (text: string) => unknown;
const TEXT_ARRAY = 1009;
const parserOf = pg.types.getTypeParser as unknown as (oid: number, format?: string) => TypeParser;
const parseTextArray = parserOf(TEXT_ARRAY) as (text: string) => (string | null)[];
const bigints: TypeParser = (text) =>
  parseTextArray(text).map((item) => (item === null ? null : BigInt(item)));

function getTypeParser(oid: number, format?: 'text' | 'binary'): TypeParser {
  if (format !== 'binary') {
    if (oid === INT8) return BigInt;
    if (oid === INT8_ARRAY) return bigints;
    // pg's own parser makes midnight in the process's time zone of it: a different day elsewhere.
    if (oid === DATE) return String;
  }
  return parserOf(oid, format);
}
