import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '@subledger/database';
import { prismaFolder, type ServiceName } from '@subledger/service-kit/installed-services';
import { eventually } from '@subledger/testing-base';
import pg from 'pg';

export interface TestDatabaseOptions {
  /** The services whose migrations it has. */
  readonly services: readonly ServiceName[];
  /** A server where databases may be created. Default: TEST_DATABASE_URL. */
  readonly serverUrl?: string;
}

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** For direct queries. `search_path` is not set. Closed by `drop`. */
  readonly client: pg.Pool;
  /** Drops it, including open connections. */
  drop(): Promise<void>;
}

/** Code of "the template has connections", by the autovacuum launcher for a moment. */
const OBJECT_IN_USE = '55006';
const ADVISORY_LOCK_CLASS = 7_140_021;

/**
 * A new database with the services' migrations, copied from a template that is migrated once: the first caller makes
 * it under a lock, and the others wait. The template's name contains a hash of the migrations, so a changed migration
 * makes a new template.
 *
 *
 * @throws Error if TEST_DATABASE_URL is not set
 */
export async function createTestDatabase(options: TestDatabaseOptions): Promise<TestDatabase> {
  const serverUrl = options.serverUrl ?? process.env.TEST_DATABASE_URL;
  if (!serverUrl) throw new Error('TEST_DATABASE_URL is not set: run the suites with npm test');
  const services = [...new Set(options.services)].sort();
  const template = `subledger_template_${await migrationsHash(services)}`;
  const name = `subledger_test_${process.pid}_${randomBytes(5).toString('hex')}`;
  const admin = new pg.Client({ connectionString: serverUrl, application_name: 'subledger-testing' });
  await admin.connect();
  try {
    await ensureTemplate(admin, serverUrl, template, services);
    await createFrom(admin, name, template);
  } finally {
    await admin.end();
  }
  const url = withDatabase(serverUrl, name);
  const client = new pg.Pool({ connectionString: url, max: 4, application_name: 'subledger-testing' });
  client.on('error', () => {});
  return { url, name, client, drop: () => drop(serverUrl, name, client) };
}

async function ensureTemplate(
  admin: pg.Client,
  serverUrl: string,
  template: string,
  services: readonly ServiceName[],
): Promise<void> {
  await admin.query('SELECT pg_advisory_lock($1, hashtext($2))', [ADVISORY_LOCK_CLASS, template]);
  try {
    const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 1) return;
    // It has another name until it is complete, so that an interrupted run leaves nothing that looks finished.
    const unfinished = `${template}_new`;
    await admin.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${unfinished}`);
    for (const service of services) {
      await migrate({
        databaseUrl: withDatabase(serverUrl, unfinished),
        schema: service,
        schemaFile: join(prismaFolder(service), 'schema.prisma'),
        migrationsDir: join(prismaFolder(service), 'migrations'),
      });
    }
    await whenUnused(() => admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`));
  } finally {
    await admin.query('SELECT pg_advisory_unlock($1, hashtext($2))', [ADVISORY_LOCK_CLASS, template]);
  }
}

const createFrom = (admin: pg.Client, name: string, template: string): Promise<void> =>
  whenUnused(() => admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));

/** Repeats while somebody else is connected to the template; any other error is final. */
async function whenUnused(statement: () => Promise<unknown>): Promise<void> {
  const final: { error?: unknown } = {};
  await eventually(
    () =>
      statement().then(
        () => true,
        (error: unknown) => {
          if ((error as { code?: string }).code === OBJECT_IN_USE) throw error;
          final.error = error;
          return true;
        },
      ),
    { timeoutMs: 30_000, everyMs: 100, what: 'the template to be free' },
  );
  if (final.error !== undefined) throw final.error;
}

async function drop(serverUrl: string, name: string, client: pg.Pool): Promise<void> {
  await client.end();
  const admin = new pg.Client({ connectionString: serverUrl, application_name: 'subledger-testing' });
  await admin.connect();
  try {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  } finally {
    await admin.end();
  }
}

function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function migrationsHash(services: readonly ServiceName[]): Promise<string> {
  const hash = createHash('sha256');
  for (const service of services) {
    const folder = join(prismaFolder(service), 'migrations');
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries
      .filter((one) => one.isDirectory())
      .sort((a, b) => (a.name < b.name ? -1 : 1))) {
      hash.update(`${service}/${entry.name}\n`);
      hash.update(await readFile(join(folder, entry.name, 'migration.sql')));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
