import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { MigrationDirectory, MigrationList } from '@prisma/schema-engine-wasm/schema_engine_bg';

/** Prisma's own file. With it, Prisma refuses migrations for another kind of database. */
export const LOCK_FILE = 'migration_lock.toml';
export const LOCK_FILE_TEXT = '# Written by Prisma; keep it in git.\nprovider = "postgresql"\n';

export interface MigrationSet {
  /** Folder names in the order of application. */
  readonly names: readonly string[];
  readonly list: MigrationList;
}

/**
 * Reads `<migrationsDir>/<timestamp>_<name>/migration.sql`. A missing folder is an empty set.
 *
 *
 * @throws Error if a migration's folder has no readable `migration.sql`
 */
export async function readMigrations(migrationsDir: string): Promise<MigrationSet> {
  const names = await migrationNames(migrationsDir);
  const migrationDirectories = await Promise.all(names.map((name) => readMigration(migrationsDir, name)));
  return {
    names,
    list: {
      baseDir: resolve(migrationsDir),
      lockfile: { path: LOCK_FILE, content: LOCK_FILE_TEXT },
      shadowDbInitScript: '',
      migrationDirectories,
    },
  };
}

async function migrationNames(migrationsDir: string): Promise<string[]> {
  try {
    const entries = await readdir(migrationsDir, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readMigration(migrationsDir: string, name: string): Promise<MigrationDirectory> {
  const value = await readFile(join(migrationsDir, name, 'migration.sql'), 'utf8');
  return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } };
}

export async function readSchemaFile(schemaFile: string): Promise<{ path: string; content: string }> {
  return { path: basename(schemaFile), content: await readFile(schemaFile, 'utf8') };
}
