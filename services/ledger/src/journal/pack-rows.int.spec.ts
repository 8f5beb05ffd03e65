import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { migrate } from '@subledger/database';
import { prismaFolder } from '@subledger/service-kit/installed-services';
import { createTestDatabase, type TestDatabase } from '@subledger/testing';
import pg from 'pg';
import { reconcile } from '../reconcile/reconcile.js';
import { commandKey } from '../store/known.js';
import { loadCommands } from '../store/load-books.js';
import { hasOldJournal, PackMismatchError, packOldJournal } from './pack-rows.js';
import { readJournal } from './read-journal.js';

const BLOCKS = '20261201100000_journal_blocks';
const LATER = (name: string) => /^\d{14}_/.test(name) && name >= BLOCKS;
/** All rows of books that the release before the blocks wrote (`varied-books.ts`), as JSON by table. */
const FIXTURE = new URL('../testing/fixtures/books-before-blocks.json', import.meta.url);

type Rows = Record<string, Record<string, unknown>[]>;

describe('books of the release before the blocks', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let folder: string;
  let rows: Rows;
  const schemaFile = join(prismaFolder('ledger'), 'schema.prisma');
  const migrateFrom = (migrationsDir: string) =>
    migrate({ databaseUrl: database.url, schema: 'ledger', migrationsDir, schemaFile });
  const migrateAll = () => migrateFrom(join(prismaFolder('ledger'), 'migrations'));

  beforeEach(async () => {
    database = await createTestDatabase({ services: [] });
    pool = new pg.Pool({ connectionString: database.url, max: 4, options: '-c search_path=ledger' });
    pool.on('error', () => undefined);
    folder = await mkdtemp(join(tmpdir(), 'before-blocks-'));
    await cp(join(prismaFolder('ledger'), 'migrations'), folder, {
      recursive: true,
      filter: (source) => !LATER(source.split('/').at(-1) ?? ''),
    });
    await migrateFrom(folder);
    rows = JSON.parse(await readFile(FIXTURE, 'utf8')) as Rows;
    await pool.query(
      "SELECT create_month_partition(t, '2026-12-01') FROM unnest('{journal,transfers}'::text[]) AS t",
    );
    for (const [table, own] of Object.entries(rows))
      await pool.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`, [
        JSON.stringify(own),
      ]);
  });
  afterEach(async () => {
    await pool.end();
    await rm(folder, { recursive: true });
    await database.drop();
  });

  it('become blocks, also when the conversion is cut off, and no event or outcome is lost', async () => {
    await migrateAll();
    expect(await hasOldJournal(pool)).toBe(true);
    const cutOff = packOldJournal(pool, () => {
      throw new Error('cut off');
    });
    await expect(cutOff).rejects.toThrow('cut off');
    const [one, other] = await Promise.all([packOldJournal(pool), packOldJournal(pool)]);
    // The second one waits, and then has nothing to do.
    expect(Math.min(one, other)).toBe(0);
    expect(Math.max(one, other)).toBeGreaterThan(0);
    expect(await hasOldJournal(pool)).toBe(false);

    const { checks } = await reconcile(pool);
    expect(checks.filter(({ violations }) => violations > 0)).toEqual([]);
    const events = await readJournal(pool);
    const before = (rows.journal ?? []).toSorted(
      (a, b) => Number(a.lane) - Number(b.lane) || Number(a.lane_sequence) - Number(b.lane_sequence),
    );
    expect(events.map(({ payload }) => payload)).toEqual(before.map(({ payload }) => payload));
    expect(events.map(({ laneSequence }) => Number(laneSequence))).toEqual(
      before.map(({ lane_sequence }) => lane_sequence),
    );
    const ids = (rows.commands ?? []).map((row) => ({
      mainAccountId: String(row.main_account_id),
      id: String(row.command_id),
      sequence: row.event_sequence,
      payload: row.payload,
    }));
    const known = await loadCommands(pool, ids, () => expect('a damage').toBe('none'));
    for (const { mainAccountId, id, sequence, payload } of ids) {
      const outcome = known.get(commandKey(mainAccountId, id))?.payload ?? '';
      if (payload === null)
        expect(JSON.parse(outcome).data).toMatchObject({ mainAccountId, sequence, cause: { id } });
      else expect(outcome).toBe(payload);
    }
  });

  it('keep their rows if the blocks have other events', async () => {
    await migrateAll();
    await pool.query(
      'DELETE FROM journal_rows WHERE lane_sequence = 2 AND lane = (SELECT min(lane) FROM journal_rows)',
    );
    await pool.query(
      'UPDATE lanes SET lane_sequence = lane_sequence + 1 WHERE lane = (SELECT min(lane) FROM journal_rows)',
    );
    const packing = packOldJournal(pool, async () => {
      await pool.query('DELETE FROM journal');
    });
    await expect(packing).rejects.toThrow(PackMismatchError);
    expect(await hasOldJournal(pool)).toBe(true);
  });

  it('are not migrated under a running ledger', async () => {
    const ledger = new pg.Client({ connectionString: database.url, application_name: 'subledger-ledger' });
    await ledger.connect();
    await expect(migrateAll()).rejects.toThrow('Stop all ledgers first');
    await ledger.end();
    await migrateAll();
  });

  it('need no conversion where there are none', async () => {
    for (const table of Object.keys(rows)) await pool.query(`DELETE FROM ${table}`);
    await migrateAll();
    expect(await hasOldJournal(pool)).toBe(false);
    expect(await packOldJournal(pool)).toBe(0);
  });
});
