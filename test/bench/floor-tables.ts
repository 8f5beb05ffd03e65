import type { Pool } from 'pg';

/** Empty copies of the ledger's tables in the schema `floor`. */

/** Tables that only grow. Tables missing in the tested ledger version are left out. */
const APPENDED = [
  'journal',
  'transfers',
  'commands',
  'charges',
  'holds',
  'refunds',
  'period_statements',
] as const;
export type Appended = (typeof APPENDED)[number];
/** Tables whose rows are copied too, because they are updated. */
const UPDATED = ['main_accounts', 'sub_accounts'] as const;

export interface Column {
  readonly name: string;
  readonly type: string;
}

export async function columnsOf(pool: Pool, table: string): Promise<Column[]> {
  const { rows } = await pool.query<Column>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
     WHERE attrelid = ('ledger.' || $1)::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [table],
  );
  return rows;
}

/** Makes the copies, with the accounts' rows as they are now. @returns the appended tables that there are */
export async function copyTables(pool: Pool): Promise<Appended[]> {
  await pool.query('DROP SCHEMA IF EXISTS floor CASCADE');
  await pool.query('CREATE SCHEMA floor');
  const present: Appended[] = [];
  for (const table of APPENDED) if (await copyTable(pool, table)) present.push(table);
  for (const table of UPDATED) {
    await copyTable(pool, table);
    await pool.query(`INSERT INTO floor.${table} SELECT * FROM ledger.${table}`);
  }
  await pool.query(`VACUUM ANALYZE ${UPDATED.map((table) => `floor.${table}`).join(', ')}`);
  return present;
}

/** The journal as it was with a row per event: what the ledger wrote before, to compare with. */
export const JOURNAL_ROWS = `
  CREATE TABLE floor.journal_rows (main_account_id text NOT NULL, sequence bigint NOT NULL, lane int NOT NULL,
    lane_sequence bigint NOT NULL, generation int NOT NULL, type text NOT NULL, at timestamptz(3) NOT NULL,
    cause_kind text NOT NULL, cause_id text NOT NULL, payload text NOT NULL, position bigint,
    PRIMARY KEY (main_account_id, sequence, at), UNIQUE (lane, lane_sequence, at)) PARTITION BY RANGE (at);
  CREATE TABLE floor.journal_rows_default PARTITION OF floor.journal_rows DEFAULT`;

interface Relation {
  readonly partitioned_by: string | null;
  readonly options: string | null;
}

interface Partition {
  readonly name: string;
  readonly bound: string;
}

/** Same columns, checks, indexes, fill factors; partitioned by the same key into partitions of the same bounds. */
async function copyTable(pool: Pool, table: string): Promise<boolean> {
  const { rows } = await pool.query<Relation>(
    `SELECT pg_get_partkeydef(oid) AS partitioned_by, array_to_string(reloptions, ', ') AS options
     FROM pg_class WHERE oid = to_regclass('ledger.' || $1)`,
    [table],
  );
  const [relation] = rows;
  if (!relation) return false;
  const { partitioned_by: key, options } = relation;
  const by = key === null ? '' : `PARTITION BY ${key}`;
  await pool.query(`CREATE TABLE floor.${table} (LIKE ledger.${table} INCLUDING ALL) ${by}`);
  if (options) await pool.query(`ALTER TABLE floor.${table} SET (${options})`);
  for (const { name, bound } of await partitionsOf(pool, table)) {
    await copyTable(pool, name);
    // Attached, so that a partition keeps its own options and indexes. Indexes that the parent has too become parts
    // of the parent's.
    await pool.query(`ALTER TABLE floor.${table} ATTACH PARTITION floor.${name} ${bound}`);
  }
  return true;
}

async function partitionsOf(pool: Pool, table: string): Promise<Partition[]> {
  const { rows } = await pool.query<Partition>(
    `SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = ('ledger.' || $1)::regclass ORDER BY c.relname`,
    [table],
  );
  return rows;
}
