import { parseArgs } from 'node:util';
import type { Command } from '../command.js';
import { DevstackError } from '../devstack-error.js';
import { migrateServices } from './migrate-services.js';
import { addressFrom } from './start-dev-json.js';
import { homeFromEnv } from './start-paths.js';

/** Migrations of all services on DATABASE_URL, or on the database of the running system. */
export const migrate: Command = {
  name: 'migrate',
  summary: 'apply the migrations of all services (DATABASE_URL, or the running system)',
  async run(args) {
    parseArgs({ args: [...args], options: {} });
    const databaseUrl = await addressFrom('DATABASE_URL', homeFromEnv());
    await refuseUnsafeDatabase({ ...process.env, DATABASE_URL: databaseUrl });
    const applied = await migrateServices(databaseUrl).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED')
        throw new DevstackError('DATABASE_URL names a server that does not answer.');
      throw error;
    });
    for (const [service, names] of applied)
      console.log(names.length === 0 ? `${service}: up to date` : `${service}: applied ${names.join(', ')}`);
    return 0;
  },
};

async function refuseUnsafeDatabase(env: NodeJS.ProcessEnv): Promise<void> {
  // Only here: it brings the services' whole shell, which no other command needs.
  const { baseConfig, ConfigError, loadConfig, refusePlainTextDatabase } = await import(
    '@subledger/service-kit'
  );
  const { z } = await import('zod');
  const { NODE_ENV, DATABASE_URL, ALLOW_INSECURE_DATABASE } = baseConfig;
  try {
    refusePlainTextDatabase(loadConfig(z.object({ NODE_ENV, DATABASE_URL, ALLOW_INSECURE_DATABASE }), env));
  } catch (error) {
    if (error instanceof ConfigError) throw new DevstackError(error.message);
    throw error;
  }
}
