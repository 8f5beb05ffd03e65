import type { Pool, PoolClient } from 'pg';
import { arrayLiteral } from './array-literal.js';

/**
 * The floor that every figure of the ledger is compared with: the very rows that it wrote, written again by plain
 * set-based SQL from one connection in slices of the same size. No Kafka, no rules, no validation.
 */

/** Tables that only grow; their rows of a slice are inserted. */
const APPENDED = ['journal', 'transfers', 'commands', 'charges', 'holds'] as const;
const RECORDS_PER_SLICE = 1_000;

export interface Floor {
  readonly moves: number;
  readonly seconds: number;
}

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: string[];
}

/** Measures the floor on the rows of journal entries past `since` (lane → lane sequence). */
export async function measureFloor(pool: Pool, since: ReadonlyMap<number, bigint>): Promise<Floor> {
  await copyTables(pool);
  const slices = await readSlices(pool, since);
  const client = await pool.connect();
  try {
    await client.query('CHECKPOINT');
    const started = performance.now();
    for (const slice of slices) await writeSlice(client, slice);
    const seconds = (performance.now() - started) / 1_000;
    const { rows } = await client.query<{ count: bigint }>('SELECT count(*) FROM floor.transfers');
    return { moves: Number(rows[0]?.count ?? 0), seconds };
  } finally {
    client.release();
  }
}

async function writeSlice(client: PoolClient, slice: readonly Statement[]): Promise<void> {
  await client.query('BEGIN');
  for (const statement of slice) await client.query(statement);
  await client.query('COMMIT');
}

/** The same tables with the same indexes, checks and fill factors; accounts as they are, the rest empty. */
async function copyTables(pool: Pool): Promise<void> {
  await pool.query('DROP SCHEMA IF EXISTS floor CASCADE; CREATE SCHEMA floor');
  for (const table of [...APPENDED, 'main_accounts', 'sub_accounts']) {
    await pool.query(`CREATE TABLE floor.${table} (LIKE ledger.${table} INCLUDING ALL)`);
    const { rows } = await pool.query<{ options: string | null }>(
      `SELECT array_to_string(reloptions, ', ') AS options FROM pg_class WHERE oid = 'ledger.${table}'::regclass`,
    );
    if (rows[0]?.options) await pool.query(`ALTER TABLE floor.${table} SET (${rows[0].options})`);
  }
  await pool.query('INSERT INTO floor.main_accounts SELECT * FROM ledger.main_accounts');
  await pool.query('INSERT INTO floor.sub_accounts SELECT * FROM ledger.sub_accounts');
  await pool.query('VACUUM ANALYZE floor.main_accounts, floor.sub_accounts');
}

async function columnsOf(pool: Pool, table: string): Promise<{ name: string; type: string }[]> {
  const { rows } = await pool.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
     WHERE attrelid = 'ledger.${table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
  return rows;
}

/** Reads the rows back and prepares every statement, so that only PostgreSQL's work is measured. */
async function readSlices(pool: Pool, since: ReadonlyMap<number, bigint>): Promise<Statement[][]> {
  const slices: Statement[][] = [];
  const insert = new Map<string, { text: string; columns: string[] }>();
  for (const table of APPENDED) {
    const columns = await columnsOf(pool, table);
    const names = columns.map(({ name }) => `"${name}"`).join(', ');
    const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');
    insert.set(table, {
      text: `INSERT INTO floor.${table} (${names}) SELECT * FROM unnest(${arrays})`,
      columns: columns.map(({ name }) => name),
    });
  }
  for (const [lane, sequence] of since) {
    const { rows: causes } = await pool.query<{ first: bigint; last: bigint }>(CUTS, [
      lane,
      sequence,
      RECORDS_PER_SLICE,
    ]);
    for (const { first, last } of causes) slices.push(await readSlice(pool, insert, [lane, first, last]));
  }
  return slices;
}

/** Cuts a lane's journal into runs of so many records (distinct causes in order). */
const CUTS = `
  WITH marked AS (
    SELECT lane_sequence, (cause_id, main_account_id) IS DISTINCT FROM
      lag((cause_id, main_account_id)) OVER (ORDER BY lane_sequence) AS new_record
    FROM ledger.journal WHERE lane = $1 AND lane_sequence > $2
  ), numbered AS (
    SELECT lane_sequence, (count(*) FILTER (WHERE new_record) OVER (ORDER BY lane_sequence) - 1) / $3 AS slice FROM marked
  )
  SELECT min(lane_sequence) AS first, max(lane_sequence) AS last FROM numbered GROUP BY slice ORDER BY slice`;

const JOURNAL_OF_SLICE = 'FROM ledger.journal j WHERE j.lane = $1 AND j.lane_sequence BETWEEN $2 AND $3';
const ROWS: Record<(typeof APPENDED)[number], string> = {
  journal: `SELECT j.* ${JOURNAL_OF_SLICE} ORDER BY j.lane_sequence`,
  transfers: `SELECT t.* FROM ledger.transfers t JOIN ledger.journal j
    ON j.main_account_id = t.main_account_id AND j.sequence = t.event_sequence
    WHERE j.lane = $1 AND j.lane_sequence BETWEEN $2 AND $3 ORDER BY j.lane_sequence, t.sequence`,
  commands: `SELECT c.* FROM ledger.commands c JOIN ledger.journal j
    ON j.main_account_id = c.main_account_id AND j.sequence = c.event_sequence
    WHERE j.lane = $1 AND j.lane_sequence BETWEEN $2 AND $3 ORDER BY j.lane_sequence`,
  charges: `SELECT c.* FROM ledger.charges c JOIN ledger.journal j
    ON j.main_account_id = c.main_account_id AND j.cause_kind = 'message' AND j.type LIKE '%message.charged%'
    AND c.message_id = (j.payload::json -> 'data' ->> 'messageId')
    WHERE j.lane = $1 AND j.lane_sequence BETWEEN $2 AND $3 ORDER BY j.lane_sequence`,
  holds: `SELECT h.* FROM ledger.holds h JOIN ledger.journal j
    ON j.main_account_id = h.main_account_id AND j.type LIKE '%hold.placed%'
    AND h.message_id = (j.payload::json -> 'data' ->> 'messageId')
    WHERE j.lane = $1 AND j.lane_sequence BETWEEN $2 AND $3 ORDER BY j.lane_sequence`,
};

/** The last balance of every account that the slice moved points of. */
const BALANCES = `
  SELECT DISTINCT ON (main_account_id, account) main_account_id, account, balance FROM (
    SELECT t.main_account_id, t.sequence, side.account, side.balance
    FROM ledger.transfers t
    JOIN ledger.journal j ON j.main_account_id = t.main_account_id AND j.sequence = t.event_sequence,
    LATERAL (VALUES (t.debit_account, t.debit_balance), (t.credit_account, t.credit_balance)) AS side(account, balance)
    WHERE j.lane = $1 AND j.lane_sequence BETWEEN $2 AND $3
  ) AS moved ORDER BY main_account_id, account, sequence DESC`;

async function readSlice(
  pool: Pool,
  insert: ReadonlyMap<string, { text: string; columns: string[] }>,
  range: [number, bigint, bigint],
): Promise<Statement[]> {
  const statements: Statement[] = [];
  for (const table of APPENDED) {
    const { rows } = await pool.query<Record<string, unknown>>(ROWS[table], range);
    const { text, columns } = insert.get(table) as { text: string; columns: string[] };
    if (rows.length > 0)
      statements.push({
        name: `floor-${table}`,
        text,
        values: columns.map((name) => arrayLiteral(rows.map((row) => row[name]))),
      });
  }
  const { rows: balances } = await pool.query<{ main_account_id: string; account: string; balance: bigint }>(
    BALANCES,
    range,
  );
  const mains = balances.filter(({ account }) => account === 'main');
  const subs = balances.filter(({ account }) => account.startsWith('sub:'));
  statements.push({
    name: 'floor-mains',
    text: `UPDATE floor.main_accounts m SET balance = v.balance, purchased = v.balance + m.used + m.held + m.granted, sequence = m.sequence + 1, transfer_sequence = m.transfer_sequence + 1
      FROM unnest($1::text[], $2::bigint[]) AS v(id, balance) WHERE m.main_account_id = v.id`,
    values: [
      arrayLiteral(mains.map((row) => row.main_account_id)),
      arrayLiteral(mains.map((row) => row.balance)),
    ],
  });
  statements.push({
    name: 'floor-subs',
    text: `UPDATE floor.sub_accounts s SET remaining = v.balance, used = s.used + 1
      FROM unnest($1::text[], $2::text[], $3::bigint[]) AS v(main, id, balance)
      WHERE s.main_account_id = v.main AND s.sub_account_id = v.id`,
    values: [
      arrayLiteral(subs.map((row) => row.main_account_id)),
      arrayLiteral(subs.map((row) => row.account.slice('sub:'.length))),
      arrayLiteral(subs.map((row) => row.balance)),
    ],
  });
  return statements;
}
