import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createMigration, diffMigrations } from './diff-migrations.js';
import { type MigrationSource, migrate } from './migrate.js';

const USAGE = `Usage: database <command> --service <name> [--url <postgresql://...>]

  deploy   apply the migrations that the database has not had
  diff     fail unless the migrations produce what schema.prisma describes
  create   write a migration from the difference (--name <what for>, --empty for one by hand)

Works on services/<name>/prisma below the current folder (or --root). The server is DATABASE_URL unless
--url is given; diff and create use a scratch database on it.`;

const FLAGS = {
  service: { type: 'string' },
  url: { type: 'string' },
  name: { type: 'string' },
  empty: { type: 'boolean', default: false },
  root: { type: 'string', default: '.' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

class UsageError extends Error {}

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: argv, options: FLAGS, allowPositionals: true });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const databaseUrl = values.url ?? process.env.DATABASE_URL;
  if (values.service === undefined) throw new UsageError('--service is missing');
  if (databaseUrl === undefined || databaseUrl === '')
    throw new UsageError('DATABASE_URL is not set, nor --url');
  const source = serviceSource(databaseUrl, values.root, values.service);
  switch (positionals[0]) {
    case 'deploy':
      return deploy(source);
    case 'diff':
      return diff(source);
    case 'create':
      if (values.name === undefined) throw new UsageError('--name is missing');
      return create(source, values.name, values.empty);
    default:
      throw new UsageError(`No such command: ${positionals[0] ?? '(none)'}`);
  }
}

/** By convention, a service's PostgreSQL schema has the service's name. */
function serviceSource(databaseUrl: string, root: string, service: string): MigrationSource {
  const prisma = resolve(root, 'services', service, 'prisma');
  const schemaFile = join(prisma, 'schema.prisma');
  if (!existsSync(schemaFile)) throw new UsageError(`${relative('.', schemaFile)} is not there`);
  return { databaseUrl, schema: service, schemaFile, migrationsDir: join(prisma, 'migrations') };
}

async function deploy(source: MigrationSource): Promise<number> {
  const applied = await migrate(source);
  console.log(
    applied.length === 0 ? `${source.schema}: up to date` : `${source.schema}: applied ${applied.join(', ')}`,
  );
  return 0;
}

async function diff(source: MigrationSource): Promise<number> {
  const { inSync, sql } = await diffMigrations(source);
  console.log(inSync ? `${source.schema}: migrations and schema.prisma agree` : sql);
  return inSync ? 0 : 2;
}

async function create(source: MigrationSource, name: string, allowEmpty: boolean): Promise<number> {
  const file = await createMigration({ ...source, name, allowEmpty });
  console.log(file === undefined ? `${source.schema}: no difference, nothing written` : relative('.', file));
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const wrongUse =
    error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  console.error(error instanceof Error ? error.message : error);
  if (wrongUse) console.error(`\n${USAGE}`);
  process.exitCode = wrongUse ? 64 : 1;
}
