import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPool } from '@subledger/database';
import { createTestDatabase, eventually, generateBooks, type TestDatabase } from '@subledger/testing';
import pg from 'pg';
import { reconcile } from '../reconcile/reconcile.js';
import { editJournal } from '../testing/edit-journal.js';
import { LedgerHarness } from '../testing/ledger-harness.js';
import { openCustomer, sentMessage } from '../testing/scenes.js';
import { detachMonth } from './detach-month.js';
import { createLedgerPool } from './ledger-pool.js';
import { loadCommands } from './load-books.js';

const MONTHS = 6;
const SMALL = { mainAccounts: 4, subAccountsEach: 4, months: MONTHS, transfers: 1_600 };

/** `YYYY-MM` in UTC, so many months ago. */
function monthsAgo(count: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - count)).toISOString().slice(0, 7);
}
const OLDEST = monthsAgo(MONTHS - 1);
const SECOND = monthsAgo(MONTHS - 2);
const tableOf = (table: string, month: string) => `${table}_${month.replace('-', '_')}`;

const wrong = async (db: pg.Pool) => (await reconcile(db)).checks.filter(({ violations }) => violations > 0);

const BOOKS = [
  'closing_balances',
  'closing_counts',
  'commands',
  'charges',
  'refunds',
  'holds',
  'detached_months',
];

/** All that detaching may change. */
async function fingerprint(db: pg.Pool): Promise<unknown[]> {
  const sums = [...BOOKS, 'journal', 'transfers'].map(
    (table) =>
      `SELECT '${table}' AS name, count(*)::int AS rows, coalesce(sum(hashtext(t::text)), 0) AS sum FROM ${table} t`,
  );
  return (await db.query(`${sums.join(' UNION ALL ')} ORDER BY 1`)).rows;
}

describe('detaching a month', () => {
  let database: TestDatabase;
  let db: pg.Pool;
  beforeEach(async () => {
    database = await createTestDatabase({ services: ['ledger'] });
    db = new pg.Pool({
      connectionString: database.url,
      max: 3,
      options: '-c search_path=ledger -c timezone=UTC',
    });
    db.on('error', () => undefined);
    await generateBooks(db, { ...SMALL, until: monthsAgo(0) });
  });
  afterEach(async () => {
    await db.end();
    await database.drop();
  });

  it('keeps the books right, month after month', async () => {
    expect(await wrong(db)).toEqual([]);
    // With the ledger's own pool, which plans for its hot path only.
    const pool = createLedgerPool({ url: database.url, max: 2 });
    const before = (await db.query('SELECT count(*)::int AS n FROM transfers')).rows[0].n;
    const first = await detachMonth(pool, OLDEST, { keepMonths: 2 });
    expect(await wrong(db)).toEqual([]);
    const second = await detachMonth(pool, SECOND, { keepMonths: 2, drop: true });
    await pool.end();
    expect(await wrong(db)).toEqual([]);
    for (const detached of [first, second]) {
      expect(detached.transfers).toBeGreaterThan(100);
      expect(Object.values(detached.deleted).every((count) => count > 0)).toBe(true);
    }
    const after = (await db.query('SELECT count(*)::int AS n FROM transfers')).rows[0].n;
    expect(before - after).toBe(first.transfers + second.transfers);
    const { rows } = await db.query(
      'SELECT to_regclass($1) IS NOT NULL AS kept, to_regclass($2) IS NOT NULL AS dropped',
      [tableOf('transfers', OLDEST), tableOf('transfers', SECOND)],
    );
    expect(rows).toEqual([{ kept: true, dropped: false }]);
    const zero = await db.query('SELECT FROM closing_balances WHERE balance = 0');
    expect(zero.rowCount).toBe(0);
    expect(
      (await reconcile(db, { since: monthsAgo(1) })).checks.filter(({ violations }) => violations > 0),
    ).toEqual([]);
  });

  it('leaves what is wrong afterwards to be found', async () => {
    await detachMonth(db, OLDEST, { keepMonths: 2 });
    await db.query("UPDATE closing_balances SET balance = balance + 1 WHERE account = 'main'");
    await db.query('UPDATE closing_counts SET events = events - 1');
    expect((await wrong(db)).map(({ name }) => name).sort()).toEqual([
      'balances-equal-transfers',
      'event-sequence',
      'running-balances',
    ]);
  });

  it('keeps open holds, and charges with later refunds', async () => {
    const transfers = tableOf('transfers', OLDEST);
    // A hold that never was resolved: its resolution, and all that came of it, is taken out of the books by hand.
    const { rows } = await db.query(
      `SELECT main_account_id, message_id FROM holds WHERE state = 'released' AND at < (SELECT max(at) FROM ${transfers}) LIMIT 1`,
    );
    const hold = rows[0];
    const placed = await db.query(
      `SELECT amount FROM ${transfers} WHERE message_id = $1 AND kind = 'hold-placement'`,
      [hold.message_id],
    );
    await db.query("UPDATE holds SET state = 'open', points = $2 WHERE message_id = $1", [
      hold.message_id,
      placed.rows[0].amount,
    ]);
    await db.query(`DELETE FROM ${transfers} WHERE message_id = $1 AND kind = 'hold-release'`, [
      hold.message_id,
    ]);
    await db.query(
      `UPDATE refunds SET at = now() WHERE refund_id = (SELECT min(refund_id) FROM refunds WHERE at < (SELECT max(at) FROM ${transfers}))`,
    );
    await detachMonth(db, OLDEST, { keepMonths: 2 });
    const closing = await db.query("SELECT balance FROM closing_balances WHERE account = 'hold:' || $1", [
      hold.message_id,
    ]);
    expect(closing.rows).toEqual([{ balance: placed.rows[0].amount }]);
    expect((await db.query('SELECT state FROM holds WHERE message_id = $1', [hold.message_id])).rows).toEqual(
      [{ state: 'open' }],
    );
    const kept = await db.query(
      'SELECT r.refund_id, c.message_id FROM refunds r LEFT JOIN charges c USING (main_account_id, message_id) WHERE c.message_id IS NULL',
    );
    expect(kept.rows).toEqual([]);
    const old = await db.query(
      `SELECT count(*)::int AS n FROM charges WHERE at < (SELECT max(at) FROM ${transfers})`,
    );
    expect(old.rows).toEqual([{ n: 1 }]);
  });

  it('allows for numbers of the next month among those of this one', async () => {
    const { rows } = await db.query(
      `SELECT t.main_account_id AS main, t.message_id AS message, t.event_sequence AS event FROM ${tableOf('transfers', OLDEST)} t
        WHERE kind = 'message-charge' ORDER BY sequence LIMIT 1 OFFSET 5`,
    );
    const { main, message, event } = rows[0];
    const next = `${SECOND}-01T00:00:00.001Z`;
    await db.query('UPDATE transfers SET at = $3 WHERE main_account_id = $1 AND event_sequence = $2', [
      main,
      event,
      next,
    ]);
    await editJournal(
      db,
      `UPDATE journal_events SET at = '${next}' WHERE main_account_id = '${main}' AND sequence = ${event}`,
    );
    await db.query('UPDATE charges SET at = $3 WHERE main_account_id = $1 AND message_id = $2', [
      main,
      message,
      next,
    ]);
    await detachMonth(db, OLDEST, { keepMonths: 2 });
    expect(await wrong(db)).toEqual([]);
    await detachMonth(db, SECOND, { keepMonths: 2 });
    expect(await wrong(db)).toEqual([]);
  });

  it('takes the outcomes of commands along that are kept longer', async () => {
    const before = await db.query('SELECT count(*)::int AS n FROM commands');
    const { deleted } = await detachMonth(db, OLDEST, { keepMonths: 2, keepCommandsDays: 400 });
    expect(deleted.commands).toBe(0);
    const pool = createLedgerPool({ url: database.url, max: 1 });
    const { rows } = await db.query(
      'SELECT main_account_id AS "mainAccountId", command_id AS id FROM commands',
    );
    const damaged: unknown[] = [];
    const known = await loadCommands(pool, rows, (error) => damaged.push(error));
    await pool.end();
    expect(damaged).toEqual([]);
    expect(known.size).toBe(before.rows[0].n);
    for (const [key, { payload }] of known) {
      const { mainAccountId, cause } = JSON.parse(payload ?? '{}').data;
      expect(`${mainAccountId} ${cause.id}`).toBe(key);
    }
    expect(await wrong(db)).toEqual([]);
  });

  it.each<[string, string, object, string, RegExp]>([
    ['no month', 'x', {}, '', /not a month/],
    ['too young for the default', OLDEST, {}, '', /too young/],
    ['younger than asked', SECOND, { keepMonths: 5 }, '', /too young/],
    ['too little to be kept', OLDEST, { keepMonths: 1 }, '', /At least 2/],
    ['not the oldest', SECOND, { keepMonths: 2 }, '', /still attached/],
    ['not there', '2001-01', { keepMonths: 2 }, '', /not attached/],
    [
      'rows in the default partition',
      OLDEST,
      { keepMonths: 2 },
      "UPDATE transfers SET at = '2001-01-01' WHERE sequence = 1",
      /default/,
    ],
    [
      'unpublished events',
      OLDEST,
      { keepMonths: 2 },
      'UPDATE lanes SET published_sequence = 3 WHERE lane = 2',
      /not published.*2/,
    ],
  ])('is refused: %s', async (_, month, options, sql, message) => {
    if (sql) await db.query(sql);
    const before = await fingerprint(db);
    await expect(detachMonth(db, month, options)).rejects.toThrow(message);
    expect(await fingerprint(db)).toEqual(before);
  });

  it('changes nothing when it is killed in the middle', async () => {
    const before = await fingerprint(db);
    const reader = await db.connect();
    await reader.query('BEGIN; LOCK TABLE journal IN ACCESS SHARE MODE');
    const pool = createPool({ url: database.url, schema: 'ledger', applicationName: 'detacher', max: 1 });
    const detaching = expect(detachMonth(pool, OLDEST, { keepMonths: 2 })).rejects.toThrow();
    // Sums are made and rows deleted by then: it waits for the tables.
    await eventually(async () => {
      const { rows } = await db.query(
        "SELECT FROM pg_stat_activity WHERE application_name = 'detacher' AND query LIKE 'ALTER TABLE journal DETACH%'",
      );
      return rows.length > 0;
    });
    await db.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'detacher'",
    );
    await detaching;
    await reader.query('ROLLBACK');
    reader.release();
    await pool.end();
    expect(await fingerprint(db)).toEqual(before);
    expect(await wrong(db)).toEqual([]);
    await detachMonth(db, OLDEST, { keepMonths: 2 });
    expect(await wrong(db)).toEqual([]);
  });
});

describe('a ledger during the detaching of a month', () => {
  const harness = new LedgerHarness();
  beforeAll(() => harness.open());
  afterAll(() => harness.close());

  it('continues booking', async () => {
    await generateBooks(harness.db, { ...SMALL, until: monthsAgo(0) });
    const ledger = await harness.startLedger();
    const customer = await openCustomer(harness, { limit: '1000' });
    // A reader that takes its time, such as a backup: the tables cannot be had while it reads.
    const reader = new pg.Client({ connectionString: harness.databaseUrl, options: '-c search_path=ledger' });
    await reader.connect();
    await reader.query('BEGIN; SELECT count(*) FROM transfers');
    const { rows: own } = await reader.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    let isDetached = false;
    const detaching = detachMonth(harness.db, OLDEST, { keepMonths: 2 }).then(() => {
      isDetached = true;
    });
    const isWaiting = async () => {
      const { rows } = await harness.db.query(
        'SELECT FROM pg_stat_activity WHERE $1::int = ANY (pg_blocking_pids(pid))',
        [own[0]?.pid],
      );
      return rows.length > 0;
    };
    const latencies: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      // Again and again it asks for the tables, and gets in the way of whoever books meanwhile.
      await eventually(isWaiting);
      const started = performance.now();
      const message = sentMessage(customer, '1');
      await harness.message('message.sent', message);
      await harness.events.until((values) => values.some(({ data }) => data.messageId === message.messageId));
      latencies.push(performance.now() - started);
    }
    expect(isDetached).toBe(false);
    expect(Math.max(...latencies)).toBeLessThan(5_000);
    await reader.query('ROLLBACK');
    await reader.end();
    await detaching;
    const last = sentMessage(customer, '1');
    await harness.message('message.sent', last);
    await harness.events.until((values) => values.some(({ data }) => data.messageId === last.messageId));
    await ledger.stop();
    expect(await wrong(harness.db)).toEqual([]);
  });
});
