import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The root of this repository: the folder above this file with turbo.json. It is the same from sources and from built
 * files.
 */
export function repositoryRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'turbo.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`No turbo.json above ${import.meta.dirname}`);
  }
}

export const SERVICES = ['ledger', 'gateway', 'scheduler'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Where a service's Prisma schema and migrations are. */
export function prismaFolder(service: ServiceName): string {
  return join(repositoryRoot(), 'services', service, 'prisma');
}

interface Launch {
  readonly nodeArgs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** How a service wants its process started (`config` of its package.json): heap and malloc settings. */
export function launchOf(service: string): Launch {
  const text = readFileSync(join(repositoryRoot(), 'services', service, 'package.json'), 'utf8');
  const { config } = JSON.parse(text) as { config?: Partial<Launch> };
  return { nodeArgs: config?.nodeArgs ?? [], env: config?.env ?? {} };
}
