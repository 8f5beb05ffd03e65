import { createPool } from '@subledger/database';
import type pg from 'pg';

/** The ledger's PostgreSQL schema. */
export const LEDGER_SCHEMA = 'ledger';

export interface LedgerPoolOptions {
  readonly url: string;
  /** Maximum connections: one for each working lane, and a few for takeovers and readiness. */
  readonly max: number;
  readonly schema?: string;
  readonly onIdleError?: (error: Error) => void;
}

/** The ledger's pool. It connects on first use. */
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
