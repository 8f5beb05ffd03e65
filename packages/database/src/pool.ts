import pg from 'pg';

export interface PoolOptions {
  /** `postgresql://user:password@host:port/database`, with options such as `sslmode`. */
  readonly url: string;
  /** PostgreSQL schema for unqualified names. */
  readonly schema: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Maximum number of connections. */
  readonly max: number;
  /** Milliseconds after which the server cancels a statement. Default 30,000. 0 switches it off. */
  readonly statementTimeoutMs?: number;
  /** Milliseconds that the server waits for a lock. Default 10,000. 0 switches it off. */
  readonly lockTimeoutMs?: number;
  /**
   * Milliseconds after which the server ends a session that is idle in a transaction. Default 30,000. 0 switches it
   * off.
   */
  readonly idleInTransactionTimeoutMs?: number;
  /** Maximum milliseconds for connecting, and for waiting for a free connection. Default 5,000. */
  readonly connectionTimeoutMs?: number;
  /** How statements are planned. Default `any`: the server decides. */
  readonly plans?: keyof typeof PLANS;
  /** Called for each idle connection that is lost. Default: no call. The pool replaces the connection. */
  readonly onIdleError?: (error: Error) => void;
}

/**
 * Plans for hot paths that use indexes only. A named statement keeps the plan of its first executions, when a table
 * may have had few rows and reading all of it looked cheap. A minute of traffic later, the same plan would read
 * millions of rows per record, until autovacuum has updated the statistics.
 */
const BY_INDEX = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off';
const PLANS = {
  any: '',
  /** Planned for each execution, with the tables' current sizes. */
  byIndex: ` ${BY_INDEX} -c plan_cache_mode=force_custom_plan`,
  /**
   * Planned once per named statement. So nothing in it may depend on the size of a table. Planning the SQL of every
   * batch anew cost a seventh of the ledger's speed.
   */
  byIndexOnce: ` ${BY_INDEX} -c plan_cache_mode=force_generic_plan`,
} as const;

/** A plain lower-case identifier, which needs no quotes in SQL and in connection options. */
const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** Milliseconds that the client waits longer than the server before it closes the connection. */
const CLIENT_GRACE_MS = 5_000;

/** @throws RangeError unless `schema` is a plain identifier (`^[a-z_][a-z0-9_]*$`, at most 63 characters) */
export function assertSchemaName(schema: string): void {
  if (!SCHEMA_NAME.test(schema)) {
    throw new RangeError(`Not a plain PostgreSQL schema name: ${JSON.stringify(schema)}`);
  }
}

/**
 * Options of every session. The time zone is set because Prisma's adapter drops the offset of a timestamptz, which is
 * correct in UTC only.
 */
export function sessionOptions(schema: string): string {
  return `-c search_path=${schema} -c timezone=UTC`;
}

/**
 * A pool whose connections use one schema and have time-outs at both ends, and whose lost connections never end the
 * process. `int8` becomes `bigint`, and `date` stays text, in this pool only, so that Prisma and other pools are not
 * affected.
 *
 * It connects on first use.
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
    // The server's own time-out cannot reach us if the network loses its answer.
    ...(statementTimeoutMs > 0 ? { query_timeout: statementTimeoutMs + CLIENT_GRACE_MS } : {}),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
  });
  pool.on('error', (error) => options.onIdleError?.(error));
  // A connection that is in use but between two queries emits 'error' itself, which would be thrown without a
  // listener. Its user notices the loss by the next query, which fails.
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
    // pg's own parser converts it to midnight in the process's time zone, which is another day elsewhere.
    if (oid === DATE) return String;
  }
  return parserOf(oid, format);
}
