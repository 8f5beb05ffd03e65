import { packEvents, SEPARATOR } from '@subledger/wire';
import type { Pool, PoolClient } from 'pg';
import { arrayLiteral } from './array-literal.js';
import { type JournalRange, type Positions, stagedBalances, stagedRows, stageRows } from './floor-rows.js';
import { type Appended, columnsOf, copyTables, JOURNAL_ROWS } from './floor-tables.js';

/**
 * The floor of all throughputs of the ledger: the same rows, written again by plain set-based SQL from one
 * connection, in batches of the same number of records. Without Kafka, rules and validation. Parameters are made
 * before the clock runs.
 */
export interface Floor {
  readonly moves: number;
  readonly seconds: number;
  readonly movesPerSecond: number;
  /** The same with a journal row per event, as the ledger wrote them before its blocks. */
  readonly rowFloor: { readonly seconds: number; readonly movesPerSecond: number };
}

/** How the journal is written. */
type Form = 'blocks' | 'rows';

const RECORDS_PER_SLICE = 1_000;
/** As in the ledger: bounds a parameter's size where one record writes very many rows. */
const ROWS_PER_STATEMENT = 5_000;

interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

interface Insert {
  readonly table: Appended;
  readonly text: string;
  readonly columns: readonly string[];
}

/** Measures both floors on the rows of journal entries past `since`, as far as `upTo` (lane → lane sequence). */
export async function measureFloor(pool: Pool, since: Positions, upTo?: Positions): Promise<Floor> {
  const rows = await measureForm(pool, 'rows', { since, upTo });
  const blocks = await measureForm(pool, 'blocks', { since, upTo });
  const { seconds, movesPerSecond } = rows;
  return { ...blocks, rowFloor: { seconds, movesPerSecond } };
}

async function measureForm(pool: Pool, form: Form, range: JournalRange): Promise<Omit<Floor, 'rowFloor'>> {
  const tables = await copyTables(pool);
  await pool.query(JOURNAL_ROWS);
  const batches = await readBatches(pool, tables, form, range);
  const client = await pool.connect();
  try {
    await client.query('CHECKPOINT');
    const started = performance.now();
    for (const batch of batches) await writeBatch(client, batch);
    const seconds = (performance.now() - started) / 1_000;
    const { rows } = await client.query<{ count: bigint }>('SELECT count(*) FROM floor.transfers');
    const moves = Number(rows[0]?.count ?? 0);
    return { moves, seconds, movesPerSecond: moves / seconds };
  } finally {
    client.release();
    await pool.query('DROP SCHEMA floor CASCADE');
  }
}

async function writeBatch(client: PoolClient, batch: readonly Statement[]): Promise<void> {
  await client.query('BEGIN');
  for (const statement of batch) await client.query(statement);
  await client.query('COMMIT');
}

/** Reads the rows back and prepares every statement, so that only PostgreSQL's work is measured. */
async function readBatches(
  pool: Pool,
  tables: readonly Appended[],
  form: Form,
  range: JournalRange,
): Promise<Statement[][]> {
  const inserts = await Promise.all(
    tables.filter((table) => table !== 'journal').map((table) => insertInto(pool, table)),
  );
  const client = await pool.connect();
  try {
    const batches: Statement[][] = [];
    for (const batch of await stageRows(client, tables, range, RECORDS_PER_SLICE))
      batches.push(await readBatch(client, inserts, form, batch));
    return batches;
  } finally {
    // Its temporary tables and settings go with the connection.
    client.release(true);
  }
}

async function insertInto(pool: Pool, table: Appended): Promise<Insert> {
  const columns = await columnsOf(pool, table);
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');
  return {
    table,
    text: `INSERT INTO floor.${table} (${names}) SELECT * FROM unnest(${arrays})`,
    columns: columns.map(({ name }) => name),
  };
}

async function readBatch(
  client: PoolClient,
  inserts: readonly Insert[],
  form: Form,
  batch: number,
): Promise<Statement[]> {
  const events = await stagedRows<EventRow>(client, 'journal', batch);
  const statements: Statement[] = form === 'blocks' ? blocksOf(events) : rowsOf(events);
  for (const { table, text, columns } of inserts) {
    const rows = await stagedRows(client, table, batch);
    for (const part of parts(rows)) {
      const values = columns.map((name) => arrayLiteral(part.map((row) => row[name])));
      statements.push({ name: `floor-${table}`, text, values });
    }
    if (table === 'refunds') statements.push(...refundedCharges(rows));
  }
  const balances = await stagedBalances(client, batch);
  const mains = balances.filter(({ account }) => account === 'main');
  const subs = balances.filter(({ account }) => account.startsWith('sub:'));
  for (const part of parts(mains)) statements.push(update('main_accounts', part));
  for (const part of parts(subs)) statements.push(update('sub_accounts', part));
  return statements;
}

interface EventRow extends Record<string, unknown> {
  readonly lane: number;
  readonly lane_sequence: bigint;
  readonly generation: number;
  readonly at: Date;
  readonly payload: string;
}

/** The journal's blocks of a batch. */
const blocksOf = (events: readonly EventRow[]): Statement[] =>
  [
    ...packEvents(
      events.map(({ lane, lane_sequence, generation, at, payload }) => ({
        ...{ lane, generation, payload },
        ...{ laneSequence: BigInt(lane_sequence), at: at.toISOString() },
      })),
    ),
  ].map(({ lane, firstSequence, lastSequence, generation, at, format, checksum, payload }) => ({
    name: 'floor-journal',
    text: `INSERT INTO floor.journal (lane, first_sequence, last_sequence, generation, at, format, checksum, payload)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [lane, firstSequence, lastSequence, generation, at, format, checksum, payload],
  }));

const ROW_COLUMNS = {
  main_account_id: 'text',
  sequence: 'bigint',
  lane: 'int',
  lane_sequence: 'bigint',
  generation: 'int',
  type: 'text',
  at: 'timestamptz',
  cause_kind: 'text',
  cause_id: 'text',
};

/** The same events as the rows of before, with the statement of before. */
const rowsOf = (events: readonly EventRow[]): Statement[] =>
  [...parts(events)].map((part) => {
    const names = Object.keys(ROW_COLUMNS);
    const arrays = Object.values(ROW_COLUMNS).map((type, index) => `$${index + 1}::${type}[]`);
    return {
      name: 'floor-journal-rows',
      text: `INSERT INTO floor.journal_rows (${names.join(', ')}, payload, position)
        SELECT *, 0 FROM unnest(${arrays.join(', ')}, string_to_array($${names.length + 1}::text, E'\\x1e'))`,
      values: [
        ...names.map((name) => arrayLiteral(part.map((row) => row[name]))),
        Buffer.from(part.map(({ payload }) => payload).join(String.fromCharCode(SEPARATOR))),
      ],
    };
  });

/** Plausible values of the same width; the checks must hold. */
const UPDATES = {
  main_accounts: `UPDATE floor.main_accounts m SET balance = v.balance, purchased = v.balance + m.used + m.held + m.granted,
      sequence = m.sequence + 1, transfer_sequence = m.transfer_sequence + 1
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS v(main, account, balance) WHERE m.main_account_id = v.main`,
  sub_accounts: `UPDATE floor.sub_accounts s SET remaining = v.balance, used = s.used + 1
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS v(main, account, balance)
    WHERE s.main_account_id = v.main AND s.sub_account_id = substr(v.account, 5)`,
} as const;

function update(
  table: keyof typeof UPDATES,
  balances: readonly { main_account_id: string; account: string; balance: bigint }[],
): Statement {
  return {
    name: `floor-${table}`,
    text: UPDATES[table],
    values: [
      arrayLiteral(balances.map((row) => row.main_account_id)),
      arrayLiteral(balances.map((row) => row.account)),
      arrayLiteral(balances.map((row) => row.balance)),
    ],
  };
}

/** A refund changes its message's charge. */
function refundedCharges(refunds: readonly Record<string, unknown>[]): Statement[] {
  if (refunds.length === 0) return [];
  const column = (name: string) => arrayLiteral(refunds.map((row) => row[name]));
  return [
    {
      name: 'floor-refunded-charges',
      text: `UPDATE floor.charges c SET refunded = least(c.points, v.points)
        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS v(main, id, points)
        WHERE c.main_account_id = v.main AND c.message_id = v.id`,
      values: [column('main_account_id'), column('message_id'), column('points')],
    },
  ];
}

function* parts<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT)
    yield rows.slice(from, from + ROWS_PER_STATEMENT);
}
