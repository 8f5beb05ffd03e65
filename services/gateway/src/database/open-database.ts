import { createPool, prismaAdapter } from '@subledger/database';
import type { Logger } from '@subledger/service-kit';
import type pg from 'pg';
import type { GatewayConfig } from '../config.js';
import { PrismaClient } from '../generated/prisma/client.js';

/** The gateway's own PostgreSQL schema. */
export const SCHEMA = 'gateway';

/** Milliseconds after which a probe has failed. */
export const PROBE_TIMEOUT_MS = 600;

export interface Database {
  /** For requests, and for transactions of the read model with several statements. */
  readonly pool: pg.Pool;
  /** For the read model's single-statement batches, one at a time. */
  readonly batchPool: pg.Pool;
  /** A separate connection, so that a busy pool does not look like an outage. */
  readonly probePool: pg.Pool;
  /** Its one connection holds the lock for publishing profiles. */
  readonly relayPool: pg.Pool;
  readonly prisma: PrismaClient;
}

/** Opens no connection yet: pools connect on first use. */
export function openDatabase(config: GatewayConfig, log: Logger): Database {
  const common = { url: config.DATABASE_URL, schema: SCHEMA };
  const bounded = {
    ...common,
    connectionTimeoutMs: 2_000,
    statementTimeoutMs: 8_000,
    lockTimeoutMs: 5_000,
    onIdleError: (error: Error) => log.warn({ err: error }, 'lost an idle database connection'),
  };
  const pool = createPool({ ...bounded, applicationName: 'gateway', max: config.DATABASE_CONNECTIONS });
  const batchPool = createPool({
    ...bounded,
    applicationName: 'gateway-read-model',
    max: 1,
    plans: 'byIndexOnce',
  });
  const probePool = createPool({
    ...common,
    applicationName: 'gateway-probe',
    max: 1,
    connectionTimeoutMs: PROBE_TIMEOUT_MS,
    statementTimeoutMs: PROBE_TIMEOUT_MS,
  });
  const relayPool = createPool({
    ...common,
    applicationName: 'gateway-profiles',
    max: 1,
    statementTimeoutMs: 8_000,
  });
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: SCHEMA }) });
  return { pool, batchPool, probePool, relayPool, prisma };
}
