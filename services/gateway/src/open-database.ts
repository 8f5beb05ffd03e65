import { createPool, prismaAdapter } from '@subledger/database';
import type { Logger } from '@subledger/service-kit';
import type pg from 'pg';
import { PROBE_TIMEOUT_MS } from './availability/create-monitor.js';
import type { GatewayConfig } from './config.js';
import { PrismaClient } from './generated/prisma/client.js';

/** The gateway's own PostgreSQL schema. */
export const SCHEMA = 'gateway';

export interface Database {
  /** Requests and the read model. */
  readonly pool: pg.Pool;
  /** A connection of its own: a pool that is merely busy must not look like an outage. */
  readonly probePool: pg.Pool;
  /** Its one connection holds the lock of whoever publishes profiles. */
  readonly relayPool: pg.Pool;
  readonly prisma: PrismaClient;
}

/** Opens nothing yet: pools connect when they are asked. */
export function openDatabase(config: GatewayConfig, log: Logger): Database {
  const common = { url: config.DATABASE_URL, schema: SCHEMA };
  const pool = createPool({
    ...common,
    applicationName: 'gateway',
    max: config.DATABASE_CONNECTIONS,
    connectionTimeoutMs: 2_000,
    statementTimeoutMs: 8_000,
    lockTimeoutMs: 5_000,
    onIdleError: (error) => log.warn({ err: error }, 'lost an idle database connection'),
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
  return { pool, probePool, relayPool, prisma };
}
