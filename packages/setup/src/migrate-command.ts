import { parseArgs } from 'node:util';
import { baseConfig, loadConfig, refusePlainTextDatabase, withDevStack } from '@subledger/service-kit';
import { z } from 'zod';
import { migrateServices } from './migrate-services.js';
import type { SetupCommand } from './setup-command.js';

const { NODE_ENV, DATABASE_URL, ALLOW_INSECURE_DATABASE } = baseConfig;
const migrateConfig = z.object({ NODE_ENV, DATABASE_URL, ALLOW_INSECURE_DATABASE });

/** Migrations of all services. */
export const migrate: SetupCommand = {
  name: 'migrate',
  summary: 'apply the migrations of all services',
  async run({ argv, env, cwd, print }) {
    parseArgs({ args: [...argv], options: {} });
    const config = loadConfig(migrateConfig, withDevStack(env, cwd, ['DATABASE_URL']));
    refusePlainTextDatabase(config);
    const applied = await migrateServices(config.DATABASE_URL);
    for (const [service, names] of applied)
      print(names.length === 0 ? `${service}: up to date` : `${service}: applied ${names.join(', ')}`);
  },
};
