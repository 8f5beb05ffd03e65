import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { assertSchemaName } from './pool.js';

/**
 * Lets Prisma's client use the same pool as `pg`, so that a process has one limit on its connections. Prisma reads
 * with its own type parsers. Those of the pool (int8 as bigint) do not change.
 *
 * `prisma.$disconnect()` does not end the pool. End it afterwards.
 *
 * @example const prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: 'ledger' }) });
 */
export function prismaAdapter(pool: pg.Pool, options: { readonly schema: string }): PrismaPg {
  assertSchemaName(options.schema);
  return new PrismaPg(pool, { schema: options.schema });
}
