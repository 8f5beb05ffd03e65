import { shortName } from '@subledger/database';
import type pg from 'pg';
import type { Prisma } from '../generated/prisma/client.js';

/** Runs the hand-written queries of the stores; columns come as they are named, `int8` as bigint. */
export interface SqlReader {
  /** @throws the database's error */
  rows<Row>(sql: Prisma.Sql): Promise<Row[]>;
  /** For what is asked all the time, in few forms: parsed once a connection, and planned once where the server sees fit. */
  prepared<Row>(sql: Prisma.Sql): Promise<Row[]>;
}

/**
 * Through `pg`, past Prisma, which carries every value of a raw query's rows through a form of its own and plans each
 * statement anew: the lists and look-ups of accounts are what clients ask for all the time (docs/performance.md).
 */
export function readingFrom(pool: Pick<pg.Pool, 'query'>): SqlReader {
  return {
    rows: async <Row>({ text, values }: Prisma.Sql) =>
      (await pool.query({ text, values: [...values] })).rows as Row[],
    prepared: async <Row>({ text, values }: Prisma.Sql) =>
      (await pool.query(preparedQuery(text, values))).rows as Row[],
  };
}

/** Inside a transaction of Prisma's. */
export function readingWithin(tx: Pick<Prisma.TransactionClient, '$queryRaw'>): SqlReader {
  const rows = <Row>(sql: Prisma.Sql) => tx.$queryRaw<Row[]>(sql);
  return { rows, prepared: rows };
}

/** A query that a connection prepares once, by a name that stands for its text. */
export const preparedQuery = (text: string, values: readonly unknown[]): pg.QueryConfig => ({
  name: shortName('once', text),
  text,
  values: [...values],
});
