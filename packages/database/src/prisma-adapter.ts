import { PrismaPg } from '@prisma/adapter-pg';
import type pg from 'pg';
import { assertSchemaName } from './pool.js';

/**
 * Lets Prisma's client query through a pool that plain `pg` uses too, so that a process has one bound on
 * its connections. Prisma reads with its own type parsers; the pool's (int8 as bigint) stay untouched.
 *
 * The pool is not ended by `prisma.$disconnect()`; end it after.
 *
 * @example const prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: 'ledger' }) });
 */
export function prismaAdapter(pool: pg.Pool, options: { readonly schema: string }): PrismaPg {
  assertSchemaName(options.schema);
  return new PrismaPg(pool, { schema: options.schema });
}
