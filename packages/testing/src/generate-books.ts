import { packEvents } from '@subledger/wire';
import type pg from 'pg';

/**
 * Consistent books of any size, made by set-based SQL in seconds. They look like those after months of traffic, so
 * that reconciliation and the detaching of months can be measured and tested on millions of rows.
 */
export interface GeneratedBooks {
  readonly mainAccounts: number;
  readonly transfers: number;
  readonly events: number;
}

export interface GenerateOptions {
  readonly mainAccounts: number;
  /** At least 2. The last one has limit 0, so that main pays for all its messages. */
  readonly subAccountsEach: number;
  /** Calendar months (UTC) with traffic, up to `until`. */
  readonly months: number;
  /** Approximate number, at least what opening and month starts need. */
  readonly transfers: number;
  /** `YYYY-MM`: the month that is open. */
  readonly until: string;
}

/** Millipoints of every sub-account but the last. */
const LIMIT = 100_000_000n;

/**
 * Every tenth main account is postpay with few purchased points, so that it uses credit. Messages repeat a cycle of
 * ten: six plain ones, one of a hold, one that leaves a rest of its hold, one that is refunded, one hold released
 * (left open in the last month). In UTC, without late facts.
 * @param db an empty, migrated schema `ledger` as search path
 */
export async function generateBooks(db: pg.Pool, options: GenerateOptions): Promise<GeneratedBooks> {
  const client = await db.connect();
  try {
    await client.query('BEGIN');
    await client.query("SET LOCAL work_mem = '256MB'");
    await client.query(settings(options));
    for (const statement of STATEMENTS) await client.query(statement);
    const events = await writeJournal(client);
    for (const table of TEMPORARY) await client.query(`DROP TABLE ${table}`);
    await client.query('COMMIT');
    const { rows } = await client.query<GeneratedBooks>(
      `SELECT (SELECT count(*) FROM main_accounts)::int AS "mainAccounts",
        (SELECT count(*) FROM transfers)::int AS transfers`,
    );
    return { ...(rows[0] as GeneratedBooks), events };
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

const TEMPORARY = ['gen', 'gen_message', 'gen_usage', 'gen_event', 'gen_move', 'gen_journal'];

/** One row of what all statements share, and the months' partitions. */
function settings({
  mainAccounts,
  subAccountsEach: subs,
  months,
  transfers,
  until,
}: GenerateOptions): string {
  const paid = subs - 1;
  const fixed = 1 + paid + (months - 1) * 2 * paid;
  // 1.5 transfers per message of a sub-account with points, 1 of the one without.
  const each = Math.max(months, Math.round((transfers / mainAccounts - fixed) / (paid * 1.5 + 1)));
  return `
    CREATE TEMP TABLE gen AS SELECT ${mainAccounts}::int AS mains, ${subs}::int AS subs, ${months}::int AS months,
      ${each}::int AS each, ${LIMIT}::bigint AS lim,
      DATE '${until}-01' - INTERVAL '${months - 1} months' AS first_month;
    SELECT create_month_partition(parent, (first_month + n * INTERVAL '1 month')::date)
    FROM gen, unnest(ARRAY['journal', 'transfers']) AS parent, generate_series(0, months - 1) AS n;`;
}

const id = (prefix: string, m: string) => `'${prefix}_019a0000-0000-7000-8000-' || lpad(${m}::text, 12, '0')`;
const MAIN_ID = id('ma', 'm');
const SUB_ID = id('sa', '(m * subs + s)');
const monthStart = (n: string) => `((first_month + (${n}) * INTERVAL '1 month') AT TIME ZONE 'UTC')`;
const period = (n: string) => `to_char(first_month + (${n}) * INTERVAL '1 month', 'YYYY-MM')`;
const points = (millipoints: string) => `'"' || ((${millipoints}) / 1000)::text || '"'`;
const MAINS = 'generate_series(0, mains - 1) AS m';

const MESSAGES = `
  CREATE TEMP TABLE gen_message AS
  SELECT m, s, n, ${SUB_ID} AS sub_id, ${period('n')} AS period, n = months - 1 AS is_last,
    'msg-019a0000-0000-' || lpad(s::text, 4, '0') || '-' || lpad(m::text, 6, '0') || lpad(i::text, 6, '0') AS message_id,
    1000 * (1 + (i * 7 + s) % 5)::bigint AS points,
    CASE WHEN s = subs - 1 THEN 'overage' ELSE (ARRAY['plain', 'plain', 'held', 'plain', 'rest', 'plain', 'refunded',
      'plain', 'released', 'plain'])[1 + (i + s) % 10] END AS shape,
    ${monthStart('n')} + INTERVAL '1 hour'
      + (i - ceil(n * each::numeric / months))::float8 * (INTERVAL '25 days' / (each / months + 1)) AS at
  FROM gen, ${MAINS}, generate_series(0, subs - 1) AS s, generate_series(0, each - 1) AS i,
    LATERAL (SELECT i * months / each AS n) AS month_of`;

/** What a sub-account used in a month after refunds, and what its open holds have. */
const USAGE = `
  CREATE TEMP TABLE gen_usage AS
  SELECT m, s, n, coalesce(sum(points) FILTER (WHERE shape IN ('plain', 'held', 'rest', 'overage')), 0)::bigint AS used,
    coalesce(sum(points) FILTER (WHERE shape = 'released' AND is_last), 0)::bigint AS held
  FROM gen_message GROUP BY 1, 2, 3`;

/** Types without prefix and suffix; `ord` sorts the events of an instant. */
const EVENTS = `
  CREATE TEMP TABLE gen_event AS
  SELECT *, row_number() OVER (PARTITION BY m ORDER BY at, ord) AS seq FROM (
    SELECT m, ${monthStart('0')} + ord * INTERVAL '1 second' AS at, ord, type, 'command' AS cause, type || m AS cause_id,
      NULL AS sub_id, '' AS detail
    FROM gen, ${MAINS}, (VALUES (0, 'main-account.opened'), (1, 'points.purchased'), (2, 'feature.activated')) AS e (ord, type)
    UNION ALL
    SELECT m, ${monthStart('0')} + INTERVAL '3 seconds', s, 'sub-account.opened', 'command', 'open-' || ${SUB_ID},
      ${SUB_ID}, '' FROM gen, ${MAINS}, generate_series(0, subs - 1) AS s
    UNION ALL
    SELECT m, ${monthStart('n + 1')}, s, 'sub-account.rolled', 'clock', 'roll:' || ${MAIN_ID} || ':' || ${period('n + 1')},
      ${SUB_ID}, ',"closed":{"period":"' || ${period('n')} || '","opening":' || ${points('own')} || ',"limit":'
        || ${points('own')} || ',"boost":"0","granted":' || ${points('own')} || ',"used":' || ${points('used')}
        || ',"overage":' || ${points('over')} || ',"held":"0","returned":' || ${points('own - used + over')} || '}'
    FROM gen, gen_usage, LATERAL (SELECT CASE WHEN s < subs - 1 THEN lim ELSE 0 END AS own,
      CASE WHEN s < subs - 1 THEN 0 ELSE used END AS over) AS closing WHERE n < months - 1
    UNION ALL
    SELECT m, ${monthStart('n')}, 100000, 'period.rolled', 'clock', 'roll:' || ${MAIN_ID} || ':' || ${period('n')}, NULL,
      ',"from":"' || ${period('n - 1')} || '","to":"' || ${period('n')} || '"'
    FROM gen, ${MAINS}, generate_series(1, months - 1) AS n
    UNION ALL
    SELECT m, at + later * INTERVAL '1 second', s * 10 + ord, type, cause, type || '-' || message_id, sub_id,
      ',"messageId":"' || message_id || '","points":' || ${points('points')}
    FROM gen_message, LATERAL (VALUES
      (shape IN ('held', 'rest', 'released'), 0, 0, 'hold.placed', 'command'),
      (shape <> 'released', 1, 1, 'message.charged', 'message'),
      (shape = 'overage', 1, 2, 'limit.exceeded', 'message'),
      (shape = 'released' AND NOT is_last, 1, 3, 'hold.released', 'command'),
      (shape = 'refunded', 2, 4, 'message.credited', 'message')) AS e (happens, later, ord, type, cause) WHERE happens
  ) AS events`;

/** `ord` sorts the moves of an instant, `event` is the `ord` of the event that explains them. */
const MOVES = `
  CREATE TEMP TABLE gen_move AS
  SELECT moves.*, row_number() OVER (PARTITION BY m ORDER BY at, ord) AS seq FROM (
    SELECT m, ${monthStart('0')} + INTERVAL '1 second' AS at, 0 AS ord, 1 AS event, 'purchase' AS kind,
      'purchased' AS debit, 'main' AS credit, CASE WHEN m % 10 = 0 THEN 1000 ELSE 1000 * lim END AS amount,
      NULL AS sub_id, NULL AS message_id, ${period('0')} AS period, 'invoice' AS reference
    FROM gen, ${MAINS}
    UNION ALL
    SELECT m, ${monthStart('n')} + CASE WHEN n = 0 THEN INTERVAL '3 seconds' ELSE INTERVAL '0' END, 10000 + s, s,
      'limit-grant', 'main', 'sub:' || ${SUB_ID}, lim, ${SUB_ID}, NULL, ${period('n')}, ''
    FROM gen, ${MAINS}, generate_series(0, subs - 2) AS s, generate_series(0, months - 1) AS n
    UNION ALL
    SELECT m, ${monthStart('n + 1')}, s, s, 'month-return', 'sub:' || ${SUB_ID}, 'main', lim - used,
      ${SUB_ID}, NULL, ${period('n')}, ''
    FROM gen, gen_usage WHERE s < subs - 1 AND n < months - 1
    UNION ALL
    SELECT m, at + later * INTERVAL '1 second', s * 10 + part, s * 10 + event, kind, debit, credit, amount, sub_id,
      message_id, period, message_id
    FROM gen_message, LATERAL (VALUES
      (shape IN ('held', 'rest', 'released'), 0, 0, 0, 'hold-placement', 'sub:' || sub_id, 'hold:' || message_id,
        points + CASE WHEN shape = 'rest' THEN 2000 ELSE 0 END),
      (shape IN ('plain', 'refunded'), 1, 1, 1, 'message-charge', 'sub:' || sub_id, 'used', points),
      (shape = 'overage', 1, 1, 1, 'message-overage', 'main', 'used', points),
      (shape IN ('held', 'rest'), 1, 1, 1, 'hold-settlement', 'hold:' || message_id, 'used', points),
      (shape = 'rest', 1, 2, 1, 'hold-release', 'hold:' || message_id, 'sub:' || sub_id, 2000),
      (shape = 'released' AND NOT is_last, 1, 3, 3, 'hold-release', 'hold:' || message_id, 'sub:' || sub_id, points),
      (shape = 'refunded', 2, 4, 4, 'refund', 'used', 'sub:' || sub_id, points)
    ) AS move (happens, later, part, event, kind, debit, credit, amount) WHERE happens
  ) AS moves`;

const TRANSFERS = `
  INSERT INTO transfers (main_account_id, sequence, event_sequence, kind, debit_account, credit_account, amount,
    debit_balance, credit_balance, sub_account_id, message_id, period, reference, at)
  WITH balances AS (
    SELECT m, seq, side, sum(moved) OVER (PARTITION BY m, account ORDER BY seq)::bigint AS after
    FROM gen_move, LATERAL (VALUES (0, debit, -amount), (1, credit, amount)) AS leg (side, account, moved)),
  both_sides AS (
    SELECT m, seq, max(after) FILTER (WHERE side = 0) AS debit_balance, max(after) FILTER (WHERE side = 1) AS credit_balance
    FROM balances GROUP BY 1, 2)
  SELECT ${id('ma', 't.m')}, t.seq, e.seq, kind, debit, credit, amount, debit_balance, credit_balance, t.sub_id,
    message_id, period, reference, t.at
  FROM gen_move t JOIN both_sides b ON b.m = t.m AND b.seq = t.seq
    JOIN gen_event e ON e.m = t.m AND e.at = t.at AND e.ord = t.event
  ORDER BY t.at, t.m, t.seq`;

/** About as long as real ones, because reading the journal takes as long as it is large. */
const JOURNAL = `
  CREATE TEMP TABLE gen_journal AS
  SELECT m, seq, m % 12 AS lane, row_number() OVER (PARTITION BY m % 12 ORDER BY at, m, seq) AS lane_sequence, at,
    '{"specversion":"1.0","id":"' || ${MAIN_ID} || '.1.' || seq || '","type":"subledger.' || type || '.v1","subject":"' || ${MAIN_ID}
      || '","data":{"mainAccountId":"' || ${MAIN_ID} || '","generation":1,"sequence":' || seq
      || ',"at":"' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      || '","cause":{"kind":"' || cause || '","id":"' || cause_id || '"},"filler":"' || repeat('x', 900) || '","mainAccount":{"plan":'
      || CASE WHEN m % 10 = 0 THEN '"postpay"' ELSE '"prepay"' END || ',"creditLimit":null}'
      || coalesce(',"subAccount":{"subAccountId":"' || sub_id || '"}', '') || detail || '}}' AS payload
  FROM gen_event`;

const EVENTS_PER_PAGE = 10_000;

/** Writes the journal's blocks, a page of events at a time. */
async function writeJournal(client: pg.PoolClient): Promise<number> {
  await client.query('DECLARE gen_page CURSOR FOR SELECT * FROM gen_journal ORDER BY lane, lane_sequence');
  let events = 0;
  for (;;) {
    const { rows } = await client.query<{ lane: number; lane_sequence: string; at: Date; payload: string }>(
      `FETCH ${EVENTS_PER_PAGE} FROM gen_page`,
    );
    if (rows.length === 0) break;
    events += rows.length;
    const page = rows.map(({ lane, lane_sequence, at, payload }) => {
      return { lane, laneSequence: BigInt(lane_sequence), generation: 1, at: at.toISOString(), payload };
    });
    for (const block of packEvents(page)) {
      const { lane, firstSequence, lastSequence, generation, at, format, checksum, payload } = block;
      await client.query('INSERT INTO journal VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', [
        ...[lane, firstSequence, lastSequence, generation, at, format, checksum, payload],
      ]);
    }
  }
  await client.query('CLOSE gen_page');
  return events;
}

const BOOKS = [
  `INSERT INTO lanes (lane, epoch, owner, lane_sequence, published_sequence)
    SELECT lane, 1, 'generated', max(lane_sequence), max(lane_sequence) FROM gen_journal GROUP BY 1`,
  `INSERT INTO commands (main_account_id, command_id, content_hash, lane, lane_sequence, at)
    SELECT ${MAIN_ID}, cause_id, md5(cause_id), lane, lane_sequence, e.at FROM gen_event e JOIN gen_journal USING (m, seq)
    WHERE cause = 'command'`,
  `INSERT INTO charges SELECT ${MAIN_ID}, message_id, sub_id, period, points,
    CASE WHEN shape = 'refunded' THEN points ELSE 0 END, at + INTERVAL '1 second' FROM gen_message WHERE shape <> 'released'`,
  `INSERT INTO refunds SELECT ${MAIN_ID}, 'refund-' || message_id, message_id, points, at + INTERVAL '2 seconds'
    FROM gen_message WHERE shape = 'refunded'`,
  `INSERT INTO holds SELECT ${MAIN_ID}, message_id, sub_id, period, CASE WHEN shape = 'released' AND is_last THEN points ELSE 0 END,
    CASE WHEN shape <> 'released' THEN 'settled' WHEN is_last THEN 'open' ELSE 'released' END, at + INTERVAL '15 minutes', at
    FROM gen_message WHERE shape IN ('held', 'rest', 'released')`,
  `INSERT INTO sub_accounts SELECT ${MAIN_ID}, ${SUB_ID}, s, 'active', false, 100, own, NULL, ${period('n')}, 0, used, over, held,
      own - used + over - held, own FROM gen, gen_usage,
    LATERAL (SELECT CASE WHEN s < subs - 1 THEN lim ELSE 0 END AS own, CASE WHEN s < subs - 1 THEN 0 ELSE used END AS over) AS o
    WHERE n = months - 1`,
  `INSERT INTO period_statements SELECT ${MAIN_ID}, ${SUB_ID}, ${period('n')}, own, own, 0, own, used, over, 0, own - used + over,
      0, 0, 0, ${monthStart('n + 1')} FROM gen, gen_usage,
    LATERAL (SELECT CASE WHEN s < subs - 1 THEN lim ELSE 0 END AS own, CASE WHEN s < subs - 1 THEN 0 ELSE used END AS over) AS o
    WHERE n < months - 1`,
  `INSERT INTO main_accounts SELECT ${MAIN_ID}, CASE WHEN m % 10 = 0 THEN 'postpay' ELSE 'prepay' END, 'UTC', NULL, NULL, 'full',
      true, false, ${period('months - 1')}, ${monthStart('months - 1')}, ${monthStart('months')}, bought - used - granted - held,
      bought, used, held, granted, subs, subs, subs, events, moves
    FROM gen,
      (SELECT m, sum(used)::bigint AS used, sum(held)::bigint AS held, sum(CASE WHEN n < months - 1 OR s = subs - 1 THEN 0
        ELSE lim - used - held END)::bigint AS granted FROM gen, gen_usage GROUP BY m) AS u
      JOIN (SELECT m, max(seq) AS events FROM gen_event GROUP BY m) AS e USING (m)
      JOIN (SELECT m, max(seq) AS moves FROM gen_move GROUP BY m) AS t USING (m),
    LATERAL (SELECT CASE WHEN m % 10 = 0 THEN 1000 ELSE 1000 * lim END AS bought) AS b`,
];

const ANALYZE = TEMPORARY.filter((table) => table !== 'gen_journal').map((table) => `ANALYZE ${table}`);
const STATEMENTS = [MESSAGES, USAGE, EVENTS, MOVES, ...ANALYZE, TRANSFERS, JOURNAL, ...BOOKS];
