import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository, or an image's folder, that has `packages/` and `services/`: the same from `src` and from `dist`. */
export const ROOT = join(import.meta.dirname, '..', '..', '..');

export const SERVICES = ['ledger', 'gateway', 'scheduler'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** What `node` runs of a built service. */
export const serviceScript = (service: ServiceName, script = 'main.js'): string =>
  join(ROOT, 'services', service, 'dist', script);

/** Where a service's Prisma schema and migrations are. */
export const prismaFolder = (service: ServiceName): string => join(ROOT, 'services', service, 'prisma');

interface Launch {
  readonly nodeArgs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** How a service wants its process started (`config` of its package.json): heap and malloc settings. */
export function launchOf(service: ServiceName): Launch {
  const text = readFileSync(join(ROOT, 'services', service, 'package.json'), 'utf8');
  const { config } = JSON.parse(text) as { config?: Partial<Launch> };
  return { nodeArgs: config?.nodeArgs ?? [], env: config?.env ?? {} };
}
