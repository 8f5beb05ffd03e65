import type { Prisma } from '../generated/prisma/client.js';

/** Prisma's client inside an interactive transaction. */
export type Transaction = Prisma.TransactionClient;
