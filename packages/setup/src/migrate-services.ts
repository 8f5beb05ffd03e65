import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MigrationError, migrate } from '@subledger/database';
import { ROOT } from '@subledger/service-kit/installed-services';
import { SetupError } from './setup-error.js';

/**
 * Applies what each service's schema lacks, one service after the other; safe to repeat and to run twice at once. A
 * service is a folder below `services/` that has a `prisma/schema.prisma`; its PostgreSQL schema has its name.
 *
 * @returns names of the migrations applied, by service
 * @throws SetupError when one cannot be applied
 */
export async function migrateServices(
  databaseUrl: string,
  root: string = ROOT,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const applied = new Map<string, readonly string[]>();
  for (const schemaFile of globSync('services/*/prisma/schema.prisma', { cwd: root }).sort()) {
    const prisma = join(root, dirname(schemaFile));
    const service = basename(dirname(prisma));
    try {
      const names = await migrate({
        databaseUrl,
        schema: service,
        schemaFile: join(root, schemaFile),
        migrationsDir: join(prisma, 'migrations'),
      });
      applied.set(service, names);
    } catch (error) {
      if (error instanceof MigrationError) throw new SetupError(error.message);
      throw error;
    }
  }
  return applied;
}
