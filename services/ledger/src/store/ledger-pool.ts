import { createPool } from '@subledger/database';
import type pg from 'pg';

/** The ledger's PostgreSQL schema. */
export const LEDGER_SCHEMA = 'ledger';

export interface LedgerPoolOptions {
  readonly url: string;
  /** Most connections; the lanes at work need one each, takeovers and readiness a few more. */
  readonly max: number;
  readonly schema?: string;
  readonly onIdleError?: (error: Error) => void;
}

/**
 * Plans for the hot path only ever go through indexes: a named statement keeps the plan of its first executions, when
 * a table may have had a handful of rows and reading all of it looked cheap. A minute of traffic later the same plan
 * would read millions of rows per record, until autovacuum's next look.
 */
const INDEX_PLANS_ONLY =
  'SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; ' +
  // And made once: nothing in them depends on the size of a table, and planning a slice's statement anew for every
  // slice cost a seventh of the ledger's speed.
  'SET plan_cache_mode = force_generic_plan';

/** The ledger's pool. Connecting is lazy. */
export function createLedgerPool({ url, max, schema, onIdleError }: LedgerPoolOptions): pg.Pool {
  const pool = createPool({
    url,
    schema: schema ?? LEDGER_SCHEMA,
    applicationName: 'subledger-ledger',
    max,
    ...(onIdleError ? { onIdleError } : {}),
  });
  // Awaited by pg-pool before a new connection is handed out.
  pool.options.onConnect = async (client) => {
    await client.query(INDEX_PLANS_ONLY);
  };
  return pool;
}
