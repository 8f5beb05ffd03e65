import { partitionFor } from '@subledger/kafka';
import { withJournalEvents } from '@subledger/ledger/journal';
import { packEvents } from '@subledger/wire';
import type { Pool } from 'pg';
import { columnsOf } from './floor-tables.js';
import { PARTITIONS } from './settings.js';
import { mainId } from './workload.js';

/**
 * Fills books consistently by set-based SQL: the ledger could have written the same (except for the payloads, which
 * repeat that of a real event). Sequences and lane sequences continue, and balances add up.
 */

const MONTHS = 12;
/** One in this many added records is a purchase. The others are messages. */
const PURCHASE_EVERY = 20;
const MESSAGE_MILLIPOINTS = 1_200;
const PURCHASE_MILLIPOINTS = 100_000;

/**
 * Adds a history of `transfers` transfers over the last twelve months to the existing main accounts, and dates their
 * opening before it. The messages are late ones of a closed month, paid by main, so that the sub-accounts' counters
 * of the current month stay correct.
 */
export async function addHistory(pool: Pool, transfers: number): Promise<void> {
  await ensureMonths(pool, MONTHS + 1);
  await predateOpenings(pool);
  await copyEvents(pool);
  await pool.query(MAINS_TO_FILL);
  const { rows } = await pool.query<{ count: bigint }>('SELECT count(*) FROM fill_mains');
  const each = Math.ceil(transfers / Number(rows[0]?.count ?? 1n));
  for (let month = 0; month < MONTHS; month += 1) {
    const from = Math.floor((each * month) / MONTHS) + 1;
    const to = Math.floor((each * (month + 1)) / MONTHS);
    for (const insert of HISTORY) await pool.query(insert, [from, to, each]);
    await packJournal(pool);
  }
  await pool.query(UPDATE_MAINS, [each]);
  await pool.query(
    'UPDATE ledger.lanes l SET lane_sequence = l.lane_sequence + f.mains * $1::bigint, published_sequence = l.lane_sequence + f.mains * $1::bigint FROM (SELECT lane, count(*) AS mains FROM fill_mains GROUP BY lane) f WHERE f.lane = l.lane',
    [each],
  );
  await settle(pool);
}

/** The events that there are, as rows; and the rows to be packed. */
async function copyEvents(pool: Pool): Promise<void> {
  await withJournalEvents(
    pool,
    (client) => client.query('CREATE TABLE fill_events AS SELECT * FROM journal_events'),
    {
      schema: 'ledger',
    },
  );
  await pool.query(
    'CREATE UNLOGGED TABLE fill_journal (lane int, lane_sequence bigint, generation int, at timestamptz(3), payload text)',
  );
}

const EVENTS_PER_PAGE = 20_000;

/** Makes blocks of the rows in `fill_journal`, and empties it. */
async function packJournal(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(
      'DECLARE fill_page CURSOR FOR SELECT * FROM fill_journal ORDER BY lane, lane_sequence',
    );
    for (;;) {
      const { rows } = await client.query(`FETCH ${EVENTS_PER_PAGE} FROM fill_page`);
      if (rows.length === 0) break;
      const events = rows.map(({ lane, lane_sequence, generation, at, payload }) => {
        return { lane, laneSequence: BigInt(lane_sequence), generation, at: at.toISOString(), payload };
      });
      for (const { lane, firstSequence, lastSequence, generation, at, ...value } of packEvents(events))
        await client.query('INSERT INTO ledger.journal VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', [
          ...[lane, firstSequence, lastSequence, generation, at],
          ...[value.format, value.checksum, value.payload],
        ]);
    }
    await client.query('CLOSE fill_page; TRUNCATE fill_journal');
    await client.query('COMMIT');
  } finally {
    client.release(true);
  }
}

/** Each main account with where it stands, and its place in its lane. A real event stands for all payloads. */
const MAINS_TO_FILL = `
  CREATE UNLOGGED TABLE fill_mains AS
  SELECT m.main_account_id AS main, j.lane, m.sequence, m.transfer_sequence, m.balance, m.purchased, m.used,
    (SELECT min(sub_account_id) FROM ledger.sub_accounts s WHERE s.main_account_id = m.main_account_id) AS sub,
    l.lane_sequence, count(*) OVER (PARTITION BY j.lane) AS in_lane,
    row_number() OVER (PARTITION BY j.lane ORDER BY m.main_account_id) AS place, j.payload, j.generation, j.cause_id,
    substring(j.payload FROM ',"sequence":\\d+,"at":"[^"]+","cause":\\{') AS head,
    now() - INTERVAL '1 minute' - INTERVAL '${MONTHS} months' AS first, INTERVAL '${MONTHS} months' AS span
  FROM ledger.main_accounts m
  JOIN fill_events j ON j.main_account_id = m.main_account_id AND j.sequence = m.sequence
  JOIN ledger.lanes l ON l.lane = j.lane`;

/** Row i of 1 … $3 of each main account; p purchases and k messages up to and with it. Of this call: i in $1 … $2. */
const ADDED = `
  FROM generate_series($1::bigint, $2::bigint) AS i CROSS JOIN fill_mains m,
    LATERAL (SELECT i / ${PURCHASE_EVERY} AS p, i - i / ${PURCHASE_EVERY} AS k,
      i % ${PURCHASE_EVERY} = 0 AS is_purchase, date_trunc('milliseconds', m.first + m.span * (i::float8 / $3::bigint)) AS at) a,
    LATERAL (SELECT to_char((a.at - INTERVAL '1 month') AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM') AS closed,
      to_char(a.at AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM') AS current, 'history-' || lpad(i::text, 12, '0') AS id,
      m.balance + a.p * ${PURCHASE_MILLIPOINTS} - a.k * ${MESSAGE_MILLIPOINTS} AS balance_after) b`;

const HISTORY = [
  `INSERT INTO fill_journal (lane, lane_sequence, generation, at, payload)
   SELECT m.lane, m.lane_sequence + (i - 1) * m.in_lane + m.place, m.generation, a.at,
     replace(replace(m.payload, m.head, ',"sequence":' || m.sequence + i || ',"at":"'
       || to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '","cause":{'), m.cause_id, b.id) ${ADDED}`,
  `INSERT INTO ledger.transfers (main_account_id, sequence, event_sequence, kind, debit_account, credit_account, amount,
     debit_balance, credit_balance, sub_account_id, message_id, period, reference, at)
   SELECT m.main, m.transfer_sequence + i, m.sequence + i,
     CASE WHEN a.is_purchase THEN 'purchase' ELSE 'message-overage' END,
     CASE WHEN a.is_purchase THEN 'purchased' ELSE 'main' END,
     CASE WHEN a.is_purchase THEN 'main' ELSE 'used' END,
     CASE WHEN a.is_purchase THEN ${PURCHASE_MILLIPOINTS} ELSE ${MESSAGE_MILLIPOINTS} END,
     CASE WHEN a.is_purchase THEN -(m.purchased + a.p * ${PURCHASE_MILLIPOINTS}) ELSE b.balance_after END,
     CASE WHEN a.is_purchase THEN b.balance_after ELSE m.used + a.k * ${MESSAGE_MILLIPOINTS} END,
     CASE WHEN a.is_purchase THEN NULL ELSE m.sub END, CASE WHEN a.is_purchase THEN NULL ELSE b.id END,
     CASE WHEN a.is_purchase THEN b.current ELSE b.closed END, b.id, a.at ${ADDED}`,
  `INSERT INTO ledger.charges (main_account_id, message_id, sub_account_id, period, points, refunded, at)
   SELECT m.main, b.id, m.sub, b.closed, ${MESSAGE_MILLIPOINTS}, 0, a.at ${ADDED} WHERE NOT a.is_purchase`,
  `INSERT INTO ledger.commands (main_account_id, command_id, content_hash, lane, lane_sequence, at)
   SELECT m.main, b.id, md5(b.id) || md5(m.main), m.lane, m.lane_sequence + (i - 1) * m.in_lane + m.place, a.at
     ${ADDED} WHERE a.is_purchase`,
];

const UPDATE_MAINS = `
  UPDATE ledger.main_accounts a SET sequence = a.sequence + $1::bigint, transfer_sequence = a.transfer_sequence + $1::bigint,
    balance = a.balance + v.bought - v.sent, purchased = a.purchased + v.bought, used = a.used + v.sent
  FROM fill_mains m, (SELECT $1::bigint / ${PURCHASE_EVERY} * ${PURCHASE_MILLIPOINTS} AS bought,
    ($1::bigint - $1::bigint / ${PURCHASE_EVERY}) * ${MESSAGE_MILLIPOINTS} AS sent) v
  WHERE m.main = a.main_account_id`;

/** Existing rows were written just now, but must be dated before the history. */
async function predateOpenings(pool: Pool): Promise<void> {
  for (const table of ['transfers', 'commands'])
    await pool.query(`UPDATE ledger.${table} SET at = at - INTERVAL '${MONTHS} months 1 day'`);
  await pool.query(`UPDATE ledger.journal SET at = at - INTERVAL '${MONTHS} months 1 day'`);
}

/** Partitions of this month and the ones before, by the ledger's own function, where it has partitions. */
async function ensureMonths(pool: Pool, months: number): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind = 'p' AND relnamespace = 'ledger'::regnamespace`,
  );
  for (const { name } of rows)
    await pool.query(
      `SELECT ledger.create_month_partition($1, (date_trunc('month', now()) - n * INTERVAL '1 month')::date)
       FROM generate_series(0, $2::int) AS n`,
      [name, months],
    );
}

/**
 * Copies the first main account in its opened state until there are `count`. Numbers continue after `used`, which
 * have load.
 */
export async function addMainAccounts(pool: Pool, count: number, used: number): Promise<void> {
  const ids = Array.from({ length: Math.max(0, count - used) }, (_, index) => mainId(used + index));
  await pool.query('CREATE UNLOGGED TABLE fill_ids (id text, lane int, place bigint)');
  await pool.query(
    `INSERT INTO fill_ids SELECT id, lane, row_number() OVER (PARTITION BY lane ORDER BY id) - 1
     FROM unnest($1::text[], $2::int[]) AS new (id, lane)`,
    [ids, ids.map((id) => partitionFor(id, PARTITIONS))],
  );
  const template = mainId(0);
  const events = await pool.query<{ last: bigint }>(
    'SELECT sequence AS last FROM ledger.main_accounts WHERE main_account_id = $1',
    [template],
  );
  const each = events.rows[0]?.last ?? 0n;
  await copyEvents(pool);
  for (const table of ['main_accounts', 'sub_accounts', 'transfers', 'charges'])
    await pool.query(await copyOf(pool, table, {}), [template]);
  const place = { lane: 'f.lane', lane_sequence: `l.lane_sequence + f.place * ${each} + e.sequence` };
  await pool.query(await copyOf(pool, 'commands', place, 'JOIN fill_events e USING (lane, lane_sequence)'), [
    template,
  ]);
  await pool.query(
    `INSERT INTO fill_journal SELECT f.lane, l.lane_sequence + f.place * ${each} + t.sequence, t.generation, t.at,
       replace(t.payload, $1, f.id) FROM fill_events t CROSS JOIN fill_ids f JOIN ledger.lanes l ON l.lane = f.lane
     WHERE t.main_account_id = $1`,
    [template],
  );
  await packJournal(pool);
  await pool.query(
    `UPDATE ledger.lanes l SET lane_sequence = l.lane_sequence + f.mains * $1::bigint,
       published_sequence = l.lane_sequence + f.mains * $1::bigint
     FROM (SELECT lane, count(*) AS mains FROM fill_ids GROUP BY lane) f WHERE f.lane = l.lane`,
    [each],
  );
  await settle(pool);
}

/** A template's rows for every new main account; columns that must differ are given as SQL. */
async function copyOf(
  pool: Pool,
  table: string,
  given: Readonly<Record<string, string>>,
  join = '',
): Promise<string> {
  const columns = await columnsOf(pool, table);
  const values: Record<string, string> = { main_account_id: 'f.id', ...given };
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const selected = columns.map(({ name }) => values[name] ?? `t."${name}"`).join(', ');
  return `INSERT INTO ledger.${table} (${names}) SELECT ${selected} FROM ledger.${table} t ${join} CROSS JOIN fill_ids f
    JOIN ledger.lanes l ON l.lane = f.lane WHERE t.main_account_id = $1`;
}

/**
 * Like a database that has been running for long: with statistics, and without work for autovacuum and checkpointer.
 */
async function settle(pool: Pool): Promise<void> {
  await pool.query('DROP TABLE IF EXISTS fill_mains, fill_ids, fill_events, fill_journal');
  await pool.query('VACUUM (ANALYZE)');
  await pool.query('CHECKPOINT');
}
