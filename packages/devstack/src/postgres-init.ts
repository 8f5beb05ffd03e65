import { execFile } from 'node:child_process';
import { chown, mkdir, mkdtemp, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DATABASE_USER, POSTGRES_INIT_TIMEOUT_MS } from './constants.js';
import { DevstackError } from './devstack-error.js';
import { placeOf, serverEnvironment } from './postgres-place.js';
import { isReachable, type ServerUser } from './postgres-user.js';

const run = promisify(execFile);

export interface InitOptions {
  /** Path of the binary. */
  readonly initdb: string;
  /** The cluster's folder; left alone when it is there. */
  readonly data: string;
  readonly password: string;
  readonly user: ServerUser | undefined;
}

/**
 * Makes a new cluster, into a folder of another name first, so that an interrupted start does not leave
 * half a cluster.
 *
 * @throws DevstackError with what initdb said
 */
export async function initialiseCluster({ initdb, data, password, user }: InitOptions): Promise<void> {
  const exists = await stat(data).then(
    () => true,
    () => false,
  );
  if (exists) return;
  const draft = `${data}.new`;
  await rm(draft, { recursive: true, force: true });
  const secret = await mkdtemp(join(await temporaryFolder(user), 'subledger-'));
  try {
    const passwordFile = join(secret, 'password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    await mkdir(draft, { mode: 0o700 });
    if (user !== undefined) {
      for (const path of [draft, secret, passwordFile]) await chown(path, user.uid, user.gid);
    }
    const place = await placeOf(draft, user);
    const args = [
      `--pgdata=${place.path}`,
      `--username=${DATABASE_USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
    ];
    const owner = user === undefined ? {} : { uid: user.uid, gid: user.gid };
    const env = serverEnvironment(user);
    await run(initdb, args, { timeout: POSTGRES_INIT_TIMEOUT_MS, cwd: place.cwd, env, ...owner });
    await rename(draft, data);
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    if (error instanceof DevstackError) throw error;
    throw new DevstackError(`PostgreSQL's data folder could not be made: ${stderr?.trim() || message}`);
  } finally {
    await rm(secret, { recursive: true, force: true });
  }
}

/** The environment's, unless only root can use it (`TMPDIR=/root/tmp`). */
async function temporaryFolder(user: ServerUser | undefined): Promise<string> {
  const folder = await realpath(tmpdir());
  return user === undefined || (await isReachable(folder, user)) ? folder : '/tmp';
}
