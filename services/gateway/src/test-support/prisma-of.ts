import { createPool, prismaAdapter } from '@subledger/database';
import { PrismaClient } from '../generated/prisma/client.js';

/** Access to the gateway's tables without a gateway. */
export function prismaOf(url: string): { prisma: PrismaClient; close(): Promise<void> } {
  const pool = createPool({ url, schema: 'gateway', applicationName: 'suite', max: 2 });
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: 'gateway' }) });
  return {
    prisma,
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
