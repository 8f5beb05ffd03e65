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

/** The ledger's pool. Connecting is lazy. */
export function createLedgerPool({ url, max, schema, onIdleError }: LedgerPoolOptions): pg.Pool {
  return createPool({
    url,
    schema: schema ?? LEDGER_SCHEMA,
    applicationName: 'subledger-ledger',
    max,
    plans: 'byIndexOnce',
    ...(onIdleError ? { onIdleError } : {}),
  });
}
