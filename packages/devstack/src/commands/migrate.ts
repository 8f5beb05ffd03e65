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
