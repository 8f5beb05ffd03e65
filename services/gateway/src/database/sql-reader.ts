import { shortName } from '@subledger/database';
import type pg from 'pg';
import type { Prisma } from '../generated/prisma/client.js';

/** Runs the stores' hand-written queries. Columns keep their names, and `int8` becomes bigint. */
export interface SqlReader {
  /** @throws the database's error */
  rows<Row>(sql: Prisma.Sql): Promise<Row[]>;
  /** For frequent queries in few forms: parsed once per connection, and planned once if the server chooses so. */
  prepared<Row>(sql: Prisma.Sql): Promise<Row[]>;
}

/**
 * Reads through `pg` instead of Prisma, which converts every value of a raw query and plans each statement anew.
 * Clients request lists and single accounts all the time (docs/performance.md).
 */
export function readingFrom(pool: Pick<pg.Pool, 'query'>): SqlReader {
  return {
    rows: async <Row>({ text, values }: Prisma.Sql) =>
      (await pool.query({ text, values: [...values] })).rows as Row[],
    prepared: async <Row>({ text, values }: Prisma.Sql) =>
      (await pool.query(preparedQuery(text, values))).rows as Row[],
  };
}

/** Reads inside a transaction of Prisma. */
export function readingWithin(tx: Pick<Prisma.TransactionClient, '$queryRaw'>): SqlReader {
  const rows = <Row>(sql: Prisma.Sql) => tx.$queryRaw<Row[]>(sql);
  return { rows, prepared: rows };
}

/** A query that a connection prepares once, by a name derived from its text. */
export const preparedQuery = (text: string, values: readonly unknown[]): pg.QueryConfig => ({
  name: shortName('once', text),
  text,
  values: [...values],
});
