import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type pg from 'pg';
import { createMigration, diffMigrations } from './diff-migrations.js';
import { MigrationError, type MigrationSource, migrate } from './migrate.js';
import { createPool } from './pool.js';

const databaseUrl = process.env.TEST_DATABASE_URL ?? '';

const SCHEMA = `datasource db {
  provider = "postgresql"
}

enum Colour {
  red
  blue
}

model Thing {
  mainAccountId String   @map("main_account_id")
  id            String
  colour        Colour
  createdAt     DateTime @default(now()) @map("created_at") @db.Timestamptz(3)

  @@id([mainAccountId, id])
  @@map("thing")
}
`;

const LOG_MODEL = `
model Log {
  id   String
  at   DateTime @db.Timestamptz(3)
  body String

  @@id([id, at])
  @@map("log")
}
`;

/** What Prisma cannot express: it must apply as written, and must not count as a difference. */
const BY_HAND = `
CREATE TABLE log (id text NOT NULL, at timestamptz(3) NOT NULL, body text NOT NULL, PRIMARY KEY (id, at))
  PARTITION BY RANGE (at);
CREATE TABLE log_2026_01 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE log_default PARTITION OF log DEFAULT;
ALTER TABLE thing ADD CONSTRAINT id_not_empty CHECK (id <> '');
ALTER TABLE thing SET (fillfactor = 80);
CREATE INDEX thing_red ON thing (main_account_id) WHERE colour = 'red';
CREATE FUNCTION touched() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END $$;
`;

let pool: pg.Pool;
let folder: string;
let source: MigrationSource;
let runs = 0;

beforeAll(() => {
  pool = createPool({ url: databaseUrl, schema: 'public', applicationName: 'migrations-test', max: 1 });
});

beforeEach(async () => {
  runs += 1;
  folder = await mkdtemp(join(tmpdir(), 'subledger-migrations-'));
  source = {
    databaseUrl,
    schema: `migrations_${process.pid}_${Date.now()}_${runs}`,
    migrationsDir: join(folder, 'migrations'),
    schemaFile: join(folder, 'schema.prisma'),
  };
  await writeFile(source.schemaFile, SCHEMA);
});

afterEach(async () => {
  await pool.query(`DROP SCHEMA IF EXISTS ${source.schema} CASCADE`);
  await rm(folder, { recursive: true, force: true });
});

afterAll(() => pool.end());

async function initial(): Promise<string> {
  const file = await createMigration({
    ...source,
    name: 'Init: all tables',
    at: new Date('2026-01-02T03:04:05Z'),
  });
  if (file === undefined) throw new Error('no migration was made');
  return file;
}

const recorded = async (): Promise<string[]> =>
  (
    await pool.query(
      `SELECT migration_name FROM ${source.schema}._prisma_migrations WHERE rolled_back_at IS NULL ORDER BY 1`,
    )
  ).rows.map((row) => row.migration_name);

describe('createMigration and diffMigrations', () => {
  test('writes the difference, without the schema’s name, once', async () => {
    const file = await initial();
    expect(file).toBe(join(source.migrationsDir, '20260102030405_init_all_tables', 'migration.sql'));
    const sql = await readFile(file, 'utf8');
    expect(sql).toContain('CREATE TABLE "thing"');
    expect(sql).not.toContain(source.schema);
    expect(await readdir(source.migrationsDir)).toContain('migration_lock.toml');
    expect(await createMigration({ ...source, name: 'again' })).toBeUndefined();
    expect(await diffMigrations(source)).toEqual({ inSync: true, sql: '' });
  });

  test('sees what schema.prisma has and the migrations do not', async () => {
    await initial();
    await writeFile(
      source.schemaFile,
      SCHEMA.replace('colour        Colour', 'colour        Colour\n  size Int @default(0)'),
    );
    const { inSync, sql } = await diffMigrations(source);
    expect(inSync).toBe(false);
    expect(sql).toContain('ADD COLUMN     "size" INTEGER NOT NULL DEFAULT 0');
  });

  test('leaves no scratch database behind, not even after a failure', async () => {
    const file = await initial();
    await writeFile(file, 'SELECT nonsense;');
    await expect(diffMigrations(source)).rejects.toThrow(/nonsense/);
    const { rows } = await pool.query(
      "SELECT datname FROM pg_database WHERE datname LIKE 'subledger_scratch_%'",
    );
    expect(rows).toEqual([]);
  });
});

describe('migrate', () => {
  test('applies generated and hand-written SQL, once, in the service’s schema', async () => {
    const file = await initial();
    await writeFile(file, (await readFile(file, 'utf8')) + BY_HAND);
    await writeFile(source.schemaFile, SCHEMA + LOG_MODEL);
    expect((await diffMigrations(source)).sql).toBe('');
    expect(await migrate(source)).toEqual(['20260102030405_init_all_tables']);
    expect(await migrate(source)).toEqual([]);
    const { rows } = await pool.query(
      `SELECT ${source.schema}.touched() AS two, to_regclass('${source.schema}.log_2026_01') AS part`,
    );
    expect(rows).toEqual([{ two: 2, part: `${source.schema}.log_2026_01` }]);
  });

  test('two at once: one applies, both succeed', async () => {
    await initial();
    const both = await Promise.all([migrate(source), migrate(source)]);
    expect(both.flat()).toEqual(['20260102030405_init_all_tables']);
    expect(await recorded()).toEqual(['20260102030405_init_all_tables']);
  });

  test('a failing migration leaves nothing, is named, and can be repaired', async () => {
    const file = await initial();
    const good = await readFile(file, 'utf8');
    await writeFile(file, `${good}\nSELECT nonsense;`);
    await expect(migrate(source)).rejects.toThrow(
      /init_all_tables failed: column "nonsense" does not exist \(line \d\d\)/,
    );
    expect((await pool.query(`SELECT to_regclass('${source.schema}.thing') AS thing`)).rows).toEqual([
      { thing: null },
    ]);
    await writeFile(file, good);
    expect(await migrate(source)).toEqual(['20260102030405_init_all_tables']);
  });

  test('a migration that was edited after it had been applied is refused', async () => {
    const file = await initial();
    await migrate(source);
    await writeFile(file, `${await readFile(file, 'utf8')}\n-- changed`);
    await expect(migrate(source)).rejects.toThrow(MigrationError);
    await expect(migrate(source)).rejects.toThrow(/Edited after/);
  });

  test('no migrations yet: the schema is there, nothing else', async () => {
    expect(await migrate(source)).toEqual([]);
    const { rows } = await pool.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [source.schema]);
    expect(rows).toHaveLength(1);
  });
});
