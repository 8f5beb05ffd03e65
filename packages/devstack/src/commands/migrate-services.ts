import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationError, migrate } from '@subledger/database';
import { ROOT, SERVICES } from '@subledger/service-kit/installed-services';
import { DevstackError } from '../devstack-error.js';

/**
 * Applies what each service's schema lacks, one service after the other; safe to repeat and to run twice at once.
 *
 * @returns names of the migrations applied, by service; services that are not installed here are left out
 * @throws DevstackError when one cannot be applied
 */
export async function migrateServices(
  databaseUrl: string,
  root: string = ROOT,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const applied = new Map<string, readonly string[]>();
  for (const service of SERVICES) {
    const folder = join(root, 'services', service, 'prisma');
    const schemaFile = join(folder, 'schema.prisma');
    if (!existsSync(schemaFile)) continue;
    try {
      const names = await migrate({
        databaseUrl,
        schema: service,
        schemaFile,
        migrationsDir: join(folder, 'migrations'),
      });
      applied.set(service, names);
    } catch (error) {
      if (error instanceof MigrationError) throw new DevstackError(error.message);
      throw error;
    }
  }
  return applied;
}
