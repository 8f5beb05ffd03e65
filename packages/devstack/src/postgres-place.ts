import { DevstackError } from './devstack-error.js';
import { isReachable, type ServerUser } from './postgres-user.js';

/** How a PostgreSQL program is told of its data folder. */
export interface Place {
  /** Folder that the program starts in. */
  readonly cwd: string;
  /** Its data folder, as its arguments have it. */
  readonly path: string;
}

/**
 * As another user than root, PostgreSQL may be kept out by a folder above its data. A process needs no right on the
 * folders above its working directory. So root makes the data folder the working directory, and PostgreSQL gets the
 * kernel's name for that: no folder has to be opened to others, and the data stays in the home.
 *
 * @throws DevstackError where the kernel has no such name (macOS) and the user is kept out
 */
export async function placeOf(data: string, user: ServerUser | undefined): Promise<Place> {
  if (user === undefined) return { cwd: '/', path: data };
  if (process.platform === 'linux') return { cwd: data, path: '/proc/self/cwd' };
  if (await isReachable(data, user)) return { cwd: '/', path: data };
  throw new DevstackError(
    `PostgreSQL refuses to run as root, so it runs as "${user.name}", who may not enter ${data}. Run as another user than root, or set SUBLEDGER_HOME to a folder that everybody may enter.`,
  );
}

/**
 * The environment of a server: ours, or for another user the little that PostgreSQL needs. Ours may hold secrets, and
 * whatever runs as that user could read them.
 */
export function serverEnvironment(
  user: ServerUser | undefined,
  env: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  if (user === undefined) return env;
  return { PATH: env.PATH, LD_LIBRARY_PATH: env.LD_LIBRARY_PATH };
}
