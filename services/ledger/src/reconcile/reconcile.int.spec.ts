import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { CORRUPTIONS } from '../testing/corruptions.js';
import { editJournal } from '../testing/edit-journal.js';
import { LedgerHarness, newMain } from '../testing/ledger-harness.js';
import { openCustomer, sentMessage } from '../testing/scenes.js';
import { type VariedBooks, variedBooks } from '../testing/varied-books.js';
import { reconcile } from './reconcile.js';
import { failedChecks } from './reconciliation.js';

describe('reconciliation', () => {
  const harness = new LedgerHarness();
  let books: VariedBooks;
  /** A copy of the books, which each corruption changes. */
  let copy: pg.Pool;
  const copied = `${harness.databaseUrl.split('/').at(-1)}_books`;

  beforeAll(async () => {
    await harness.open();
    books = await variedBooks(harness);
    await copyOf(harness.databaseUrl.split('/').at(-1) as string, copied);
    copy = poolOf(copied);
    await copy.query(`DO $$ DECLARE c record; BEGIN
      FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
        WHERE contype = 'c' AND coninhcount = 0 AND connamespace = 'ledger'::regnamespace
      LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$`);
    await copy.query('CREATE SCHEMA kept');
    await forEachTable('CREATE TABLE kept.%1$I AS TABLE ledger.%1$I');
  });
  afterAll(async () => {
    await copy?.end();
    await harness.close();
    await admin(`DROP DATABASE IF EXISTS ${copied} WITH (FORCE)`);
  });

  /** Runs SQL for each table of the ledger; `%1$I` is its name. */
  const forEachTable = (sql: string) =>
    copy.query(`DO $$ DECLARE t name; BEGIN
      FOR t IN SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
          AND relnamespace = 'ledger'::regnamespace
      LOOP EXECUTE format('${sql}', t); END LOOP; END $$`);

  const poolOf = (database: string): pg.Pool => {
    const url = new URL(harness.databaseUrl);
    url.pathname = `/${database}`;
    const pool = new pg.Pool({ connectionString: url.href, max: 2, options: '-c search_path=ledger' });
    pool.on('error', () => undefined);
    return pool;
  };

  it('finds nothing in what a ledger wrote', async () => {
    const result = await reconcile(harness.db);
    expect(result.checks.filter(({ violations }) => violations > 0)).toEqual([]);
    expect(result.checks).toHaveLength(23);
    expect(result.mainAccounts).toBe(2);
    expect(result.transfers).toBeGreaterThan(30);
  });

  it.each(CORRUPTIONS)('finds %s', async (_, sql, expected) => {
    // Much quicker than a new copy of the database for each.
    await forEachTable('TRUNCATE ledger.%1$I; INSERT INTO ledger.%1$I SELECT * FROM kept.%1$I');
    const [writer, holder, leaver] = books.subs;
    const ids = {
      PREPAY: books.prepay,
      POSTPAY: books.postpay,
      WRITER: writer,
      HOLDER: holder,
      LEAVER: leaver,
    };
    const change = Object.entries(ids).reduce((text, [name, id]) => text.replaceAll(name, id), sql);
    await editJournal(copy, change);
    const { checks } = await reconcile(copy);
    const found = checks.filter(({ violations }) => violations > 0);
    expect(found.map(({ name }) => name).sort()).toEqual(expected);
    for (const { examples, violations } of found) {
      expect(examples.length).toBe(Math.min(violations, 5));
      expect(Object.keys(examples[0] ?? {}).length).toBeGreaterThan(1);
    }
  });

  it('has a corruption for every check', async () => {
    const { checks } = await reconcile(harness.db);
    const tried = new Set(CORRUPTIONS.flatMap(([, , found]) => found));
    expect(checks.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });

  it('takes a warning for nothing wrong', async () => {
    await harness.db.query("UPDATE transfers SET at = '2001-01-01' WHERE kind = 'purchase'");
    const result = await reconcile(harness.db);
    await harness.db.query("UPDATE transfers SET at = now() WHERE kind = 'purchase'");
    expect(failedChecks(result)).toEqual([]);
    expect(result.checks.find(({ name }) => name === 'default-partitions')).toMatchObject({
      violations: 1,
      isWarning: true,
    });
  });

  it('looks at one main account, or at the months since', async () => {
    const one = await reconcile(harness.db, { mainAccountId: books.postpay });
    expect(one).toMatchObject({ mainAccounts: 1, transfers: 1 });
    expect(one.checks.filter(({ violations }) => violations > 0)).toEqual([]);
    const none = await reconcile(harness.db, { mainAccountId: newMain() });
    expect(none).toMatchObject({ mainAccounts: 0, transfers: 0 });
    const month = new Date().toISOString().slice(0, 7);
    const since = await reconcile(harness.db, { since: month });
    expect(since.checks.filter(({ violations }) => violations > 0)).toEqual([]);
    expect(since.transfers).toBeGreaterThan(30);
    const future = await reconcile(harness.db, { since: '2999-01' });
    expect(future.transfers).toBe(0);
    expect(failedChecks(future)).toEqual([]);
    await expect(reconcile(harness.db, { since: '2026-13' })).rejects.toThrow(RangeError);
  });

  it('finds nothing while the ledger writes', async () => {
    const ledger = await harness.startLedger();
    const customer = await openCustomer(harness, { limit: '1000' });
    let isOver = false;
    const traffic = (async () => {
      for (let i = 0; !isOver; i += 1) {
        await harness.message('message.sent', sentMessage(customer, '1', `busy-${i}`));
        await harness.command('hold.place', { ...customer, messageId: `busy-hold-${i}`, points: '2' });
        await harness.message('message.sent', sentMessage(customer, '1.5', `busy-hold-${i}`));
      }
    })();
    const counts = new Set<number>();
    for (let round = 0; round < 15; round += 1) {
      const result = await reconcile(harness.db);
      counts.add(result.transfers);
      expect(result.checks.filter(({ violations }) => violations > 0)).toEqual([]);
    }
    isOver = true;
    await traffic;
    await ledger.stop();
    expect(counts.size).toBeGreaterThan(5);
  });
});

/** A copy of a database; whoever is connected to the original is thrown out. */
async function copyOf(original: string, copy: string): Promise<void> {
  await admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${original}'`);
  await admin(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
  await admin(`CREATE DATABASE ${copy} TEMPLATE ${original}`);
}

async function admin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: process.env.TEST_DATABASE_URL });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
