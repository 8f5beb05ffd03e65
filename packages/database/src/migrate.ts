import pg from 'pg';
import { MigrationAdapterFactory } from './migration-adapter.js';
import { readMigrations, readSchemaFile } from './migration-files.js';
import { assertSchemaName } from './pool.js';
import { engineMessage, openSchemaEngine } from './schema-engine.js';

export interface MigrationSource {
  readonly databaseUrl: string;
  /** PostgreSQL schema of the service. It is created if it does not exist. */
  readonly schema: string;
  /** Folder of `<timestamp>_<name>/migration.sql`. */
  readonly migrationsDir: string;
  /** The service's `schema.prisma`. */
  readonly schemaFile: string;
}

/** A migration could not be applied, or is not recorded as applied. A failed migration leaves no changes. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/** Milliseconds that a second deployment waits for the first. */
const LOCK_TIMEOUT_MS = 120_000;

/** Nothing is excluded from the comparison: everything in the service's schema belongs to the service. */
export const NO_FILTERS = { externalTables: [], externalEnums: [] };

/**
 * Applies the missing migrations in order. Prisma's own table `_prisma_migrations` in the service's schema records
 * them. Concurrent calls run one after the other.
 *
 *
 * @returns the names of the applied migrations
 * @throws MigrationError if one fails (it is rolled back completely, and the next call tries it again), if one was
 *   edited after it had been applied, or if one is not recorded afterwards
 */
export async function migrate(source: MigrationSource): Promise<readonly string[]> {
  assertSchemaName(source.schema);
  const client = new pg.Client({
    connectionString: source.databaseUrl,
    application_name: 'subledger-migrate',
    connectionTimeoutMillis: 10_000,
    lock_timeout: LOCK_TIMEOUT_MS,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    // Held by this session until it ends. The engine has its own lock, but creating the schema and clearing a failed
    // attempt come before it.
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [
      `subledger-migrate:${source.schema}`,
    ]);
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${source.schema}`);
    return await applyMissing(client, source);
  } finally {
    await client.end();
  }
}

async function applyMissing(client: pg.Client, source: MigrationSource): Promise<readonly string[]> {
  const { names, list } = await readMigrations(source.migrationsDir);
  if (names.length === 0) return [];
  const adapter = new MigrationAdapterFactory(source);
  const engine = await openSchemaEngine(adapter, await readSchemaFile(source.schemaFile));
  try {
    const diagnosis = await engine.diagnoseMigrationHistory({
      migrationsList: list,
      optInToShadowDatabase: false,
      filters: NO_FILTERS,
    });
    // A failed migration may be edited to repair it.
    const failed = new Set(diagnosis.failedMigrationNames);
    const edited = diagnosis.editedMigrationNames.filter((name) => !failed.has(name));
    if (edited.length > 0) {
      throw new MigrationError(
        `Edited after they were applied: ${edited.join(', ')}. Put them back and add a new migration.`,
      );
    }
    // Scripts run as one transaction, so a failed one left only its row.
    for (const migrationName of diagnosis.failedMigrationNames) {
      await engine.markMigrationRolledBack({ migrationName });
    }
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: list,
      filters: NO_FILTERS,
    });
    await assertRecorded(client, source.schema, names);
    return appliedMigrationNames;
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    throw new MigrationError(`${source.schema}: ${engineMessage(error, adapter.scriptError)}`, {
      cause: error,
    });
  } finally {
    engine.free();
    await adapter.close();
  }
}

/** Otherwise an engine that does nothing and reports success would leave services without tables. */
async function assertRecorded(client: pg.Client, schema: string, names: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ migration_name: string }>(
    `SELECT migration_name FROM ${schema}._prisma_migrations
      WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  );
  const recorded = new Set(rows.map((row) => row.migration_name));
  const missing = names.filter((name) => !recorded.has(name));
  if (missing.length > 0) {
    throw new MigrationError(`${schema}: not recorded as applied: ${missing.join(', ')}`);
  }
}
