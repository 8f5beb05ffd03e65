import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import { copyTables } from './floor-tables.js';

/** What makes up a schema's tables; the schema's own name, and names of indexes, which PostgreSQL makes up, left out. */
const PROPERTIES = {
  'bounds, keys, fill factors': `
    SELECT c.relname, c.relkind, c.reloptions, pg_get_partkeydef(c.oid) AS key, pg_get_expr(c.relpartbound, c.oid) AS bound
    FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = $1::regnamespace`,
  columns: `
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.attstorage
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relnamespace = $1::regnamespace`,
  checks: `
    SELECT c.relname, pg_get_constraintdef(k.oid) AS check FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'c' AND c.relnamespace = $1::regnamespace`,
  indexes: `
    SELECT c.relname, i.indisunique, i.indisprimary, i.indisvalid,
      regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING', '') AS definition,
      EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) AS is_part
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = $1::regnamespace`,
};

describe('the floor’s tables are the ledger’s own', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase({ services: ['ledger'] });
  });
  afterEach(() => database.drop());

  test.each(Object.entries(PROPERTIES))('%s', async (_what, sql) => {
    await copyTables(database.client);
    const of = async (schema: string) =>
      (await database.client.query<{ relname: string }>(sql, [schema])).rows
        .map((row) => JSON.stringify(row))
        .sort();
    const copied = await of('floor');
    const tables = new Set(copied.map((row) => JSON.parse(row).relname as string));
    const own = (await of('ledger')).filter((row) => tables.has(JSON.parse(row).relname as string));
    expect(copied).toEqual(own);
    expect(copied.length).toBeGreaterThan(0);
  });

  test('each table that the ledger appends to has its copy, partitions and all', async () => {
    const tables = await copyTables(database.client);
    expect(tables).toEqual(
      expect.arrayContaining(['journal', 'transfers', 'commands', 'charges', 'holds', 'refunds']),
    );
    const { rows } = await database.client.query<{ missing: string }>(
      `SELECT l.relname AS missing FROM pg_class l WHERE l.relnamespace = 'ledger'::regnamespace
         AND (l.relname LIKE 'journal%' OR l.relname LIKE 'transfers%') AND l.relkind IN ('r', 'p')
         AND to_regclass('floor.' || l.relname) IS NULL`,
    );
    expect(rows).toEqual([]);
  });
});
