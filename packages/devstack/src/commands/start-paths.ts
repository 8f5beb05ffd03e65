import { join } from 'node:path';

/** The repository (or the image's folder) that has `packages/` and `services/`; the same from `src` and `dist`. */
export const ROOT = join(import.meta.dirname, '..', '..', '..', '..');

export const SERVICES = ['ledger', 'gateway', 'scheduler'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The data folder: `$SUBLEDGER_HOME`, else `.subledger` where we are. */
export const homeFromEnv = (env: NodeJS.ProcessEnv = process.env): string =>
  env.SUBLEDGER_HOME || '.subledger';

export const serviceScript = (name: ServiceName, script = 'main.js'): string =>
  join(ROOT, 'services', name, 'dist', script);
