import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The root of this repository: the folder above this file that has turbo.json. The same from
 * sources and from what is built.
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

/** Arguments for Node that a service wants (`config.nodeArgs` of its package.json), such as the size of its heap. */
export function nodeArgsOf(service: string): string[] {
  const text = readFileSync(join(repositoryRoot(), 'services', service, 'package.json'), 'utf8');
  const { config } = JSON.parse(text) as { config?: { nodeArgs?: string[] } };
  return config?.nodeArgs ?? [];
}
