import { createEventsTable, unpackJournal } from '@subledger/ledger/journal';
import type { PoolClient } from 'pg';
import type { Appended } from './floor-tables.js';
import { PARTITIONS } from './settings.js';

/**
 * Finds the rows that the ledger wrote after some lane positions, and sorts them into batches. Staged in temporary
 * tables by a few set-based queries, so that its duration does not grow with the books.
 */

/** Lane → lane sequence. */
export type Positions = ReadonlyMap<number, bigint>;

/** Journal entries after `since`, up to and with `upTo` where that is given. */
export interface JournalRange {
  readonly since: Positions;
  readonly upTo?: Positions | undefined;
}

/** An event's field, by its path within the CloudEvent's data. */
const field = (...path: string[]): string => {
  const last = path.at(-1);
  const steps = path.slice(0, -1).map((step) => ` -> '${step}'`);
  return `(e.payload::json -> 'data'${steps.join('')} ->> '${last}')`;
};

/** Which rows of a table belong to the events `e`; the journal's are the events. Old partitions are left alone. */
const JOINS: Record<Exclude<Appended, 'journal'>, string> = {
  transfers: `r.main_account_id = e.main_account_id AND r.event_sequence = e.sequence
    AND r.at >= (SELECT min(at) FROM staged_journal)`,
  commands: 'r.lane = e.lane AND r.lane_sequence = e.lane_sequence',
  charges: `r.main_account_id = e.main_account_id AND e.type LIKE '%message.charged%' AND r.message_id = ${field('messageId')}`,
  holds: `r.main_account_id = e.main_account_id AND e.type LIKE '%hold.placed%' AND r.message_id = ${field('messageId')}`,
  refunds: `r.main_account_id = e.main_account_id AND e.type LIKE '%message.credited%' AND r.refund_id = ${field('refundId')}`,
  period_statements: `r.main_account_id = e.main_account_id AND e.type LIKE '%sub-account.rolled%'
    AND r.sub_account_id = ${field('subAccount', 'subAccountId')} AND r.period = ${field('closed', 'period')}`,
};

/**
 * A lane's events, cut into runs by number of records (distinct causes in order). The batches of all lanes alternate.
 * Each lane is queried separately, so that the planner knows the range.
 */
const STAGE_EVENTS = `
  INSERT INTO staged_journal
  WITH marked AS (
    SELECT j.*, (cause_id, main_account_id) IS DISTINCT FROM
      lag((cause_id, main_account_id)) OVER (ORDER BY lane_sequence) AS new_record
    FROM journal_events j WHERE lane = $1::int AND lane_sequence > $2::bigint AND lane_sequence <= $3::bigint
  )
  SELECT *, (count(*) FILTER (WHERE new_record) OVER (ORDER BY lane_sequence) - 1) / $4::int * $5::int + $1::int
  FROM marked`;

/** The last balance of every account whose points a batch moved. */
const STAGE_BALANCES = `
  CREATE TEMP TABLE staged_balances AS
  SELECT DISTINCT ON (batch, main_account_id, account) batch, main_account_id, account, balance
  FROM staged_transfers t,
    LATERAL (VALUES (t.debit_account, t.debit_balance), (t.credit_account, t.credit_balance)) AS side(account, balance)
  ORDER BY batch, main_account_id, account, sequence DESC`;

const END_OF_JOURNAL = 2n ** 63n - 1n;

/** @returns the batches' numbers, in order */
export async function stageRows(
  client: PoolClient,
  tables: readonly Appended[],
  { since, upTo }: JournalRange,
  recordsPerBatch: number,
): Promise<number[]> {
  // The table of events goes with the transaction, which ends with the connection.
  await client.query('BEGIN');
  await createEventsTable(client);
  await unpackJournal(client, { schema: 'ledger', after: since });
  // Sorting in memory, and plans that fit the sizes, for this connection alone.
  await client.query("SET work_mem = '256MB'; SET plan_cache_mode = force_custom_plan");
  await client.query(
    'CREATE TEMP TABLE staged_journal AS SELECT j.*, false AS new_record, 0::bigint AS batch FROM journal_events j LIMIT 0',
  );
  await client.query('CREATE INDEX ON journal_events (lane, lane_sequence)');
  for (const [lane, from] of since)
    await client.query(STAGE_EVENTS, [
      lane,
      from,
      upTo?.get(lane) ?? END_OF_JOURNAL,
      recordsPerBatch,
      PARTITIONS,
    ]);
  await client.query('CREATE INDEX ON staged_journal (batch)');
  await client.query('ANALYZE staged_journal');
  for (const table of tables) {
    if (table === 'journal') continue;
    await client.query(
      `CREATE TEMP TABLE staged_${table} AS SELECT r.*, e.batch, e.lane_sequence AS event_order
       FROM staged_journal e JOIN ledger.${table} r ON ${JOINS[table]}`,
    );
    await client.query(`CREATE INDEX ON staged_${table} (batch)`);
    await client.query(`ANALYZE staged_${table}`);
  }
  await client.query(STAGE_BALANCES);
  await client.query('CREATE INDEX ON staged_balances (batch)');
  const { rows } = await client.query<{ batch: bigint }>(
    'SELECT DISTINCT batch FROM staged_journal ORDER BY batch',
  );
  return rows.map(({ batch }) => Number(batch));
}

/** A batch's rows of a table, in the order in which they came about. */
export async function stagedRows<Row extends Record<string, unknown>>(
  client: PoolClient,
  table: Appended,
  batch: number,
): Promise<Row[]> {
  const order =
    { journal: 'lane_sequence', transfers: 'event_order, sequence' }[table as string] ?? 'event_order';
  const { rows } = await client.query<Row>(
    `SELECT * FROM staged_${table} WHERE batch = $1 ORDER BY ${order}`,
    [batch],
  );
  return rows;
}

export interface Balance {
  readonly main_account_id: string;
  readonly account: string;
  readonly balance: bigint;
}

export async function stagedBalances(client: PoolClient, batch: number): Promise<Balance[]> {
  const { rows } = await client.query<Balance>(
    'SELECT main_account_id, account, balance FROM staged_balances WHERE batch = $1 ORDER BY 1, 2',
    [batch],
  );
  return rows;
}
