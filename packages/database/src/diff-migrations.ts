import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError, type MigrationSource, NO_FILTERS } from './migrate.js';
import { MigrationAdapterFactory } from './migration-adapter.js';
import { LOCK_FILE, LOCK_FILE_TEXT, readMigrations, readSchemaFile } from './migration-files.js';
import { engineMessage, openSchemaEngine } from './schema-engine.js';

/** Where the scratch database is made. The database of the URL is not changed. */
export type DiffSource = MigrationSource & {
  /** Tables that only the migrations create (partitions of a table in `schema.prisma`). */
  readonly externalTables?: readonly string[];
};

export interface MigrationDiff {
  /** Whether the replayed migrations produce the schema of `schema.prisma`. */
  readonly inSync: boolean;
  /** SQL that converts the migrations' schema to that of `schema.prisma`. Empty if they are equal. */
  readonly sql: string;
}

/**
 * Replays the migrations in a scratch database and compares the result with `schema.prisma`. Objects that Prisma
 * cannot express (checks, functions, storage parameters) are not compared.
 *
 *
 * @throws MigrationError if the server cannot be reached, the user may not create databases, or a migration fails
 */
export async function diffMigrations(source: DiffSource): Promise<MigrationDiff> {
  const { list } = await readMigrations(source.migrationsDir);
  const schemaFile = await readSchemaFile(source.schemaFile);
  const adapter = new MigrationAdapterFactory(source);
  const engine = await openSchemaEngine(adapter, schemaFile);
  try {
    const { stdout } = await engine.diff({
      from: { tag: 'migrations', ...list },
      to: { tag: 'schemaDatamodel', files: [schemaFile] },
      script: true,
      exitCode: true,
      filters: { ...NO_FILTERS, externalTables: [...(source.externalTables ?? [])] },
    });
    const sql = withoutCreateSchema(stdout ?? '');
    return { inSync: sql === '', sql };
  } catch (error) {
    throw new MigrationError(`${source.schema}: ${engineMessage(error, adapter.scriptError)}`, {
      cause: error,
    });
  } finally {
    engine.free();
    await adapter.close();
  }
}

export interface CreateMigrationOptions extends DiffSource {
  /** Its purpose, which becomes part of the folder's name: `add hold expiry`. */
  readonly name: string;
  /** Default: now. Only the UTC date and time to the second are used. */
  readonly at?: Date;
  /** Whether to create a migration without a difference, to be written by hand. */
  readonly allowEmpty?: boolean;
}

/**
 * Writes `<migrationsDir>/<UTC timestamp>_<name>/migration.sql` with the difference between the migrations and
 * `schema.prisma`, to be checked and completed by hand. Applies nothing.
 * @returns its path, or undefined if there is no difference
 */
export async function createMigration(options: CreateMigrationOptions): Promise<string | undefined> {
  const slug = options.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  if (slug === '')
    throw new RangeError(`A migration's name needs a letter or digit: ${JSON.stringify(options.name)}`);
  const { inSync, sql } = await diffMigrations(options);
  if (inSync && options.allowEmpty !== true) return undefined;
  const stamp = (options.at ?? new Date()).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const folder = join(options.migrationsDir, `${stamp}_${slug}`);
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'migration.sql');
  await writeFile(file, sql === '' ? '-- Written by hand.\n' : sql, { flag: 'wx' });
  await writeFile(join(options.migrationsDir, LOCK_FILE), LOCK_FILE_TEXT);
  return file;
}

/** `migrate` creates the schema. A migration with a schema name could not be replayed in another schema. */
function withoutCreateSchema(sql: string): string {
  const rest = sql.replace(/-- CreateSchema\nCREATE SCHEMA IF NOT EXISTS "[^"]+";\n*/g, '').trim();
  return rest === '' || rest === '-- This is an empty migration.' ? '' : `${rest}\n`;
}
