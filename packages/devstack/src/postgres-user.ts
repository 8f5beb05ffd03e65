import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DevstackError } from './devstack-error.js';

export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root (the user of many containers). Then it runs as `postgres` where that
 * user exists, else as `nobody`; no user is added to the system. Undefined when we are not root.
 *
 * @throws DevstackError when there is neither
 */
export async function postgresUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const user = parsePasswd(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  if (user === undefined) {
    throw new DevstackError(
      'PostgreSQL refuses to run as root, and this system has neither a user "postgres" nor "nobody". Run as another user.',
    );
  }
  return user;
}

/** Exported for its test. */
export function parsePasswd(text: string): ServerUser | undefined {
  const users = text
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name: name ?? '', uid: Number(uid), gid: Number(gid) }));
  for (const wanted of ['postgres', 'nobody']) {
    const user = users.find(({ name, uid }) => name === wanted && uid > 0);
    if (user !== undefined) return user;
  }
  return undefined;
}

/** Whether the user may enter the folder and every one above it. */
export async function isReachable(path: string, user: ServerUser): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const info = await stat(folder);
    const bit = info.uid === user.uid ? 0o100 : info.gid === user.gid ? 0o010 : 0o001;
    if ((info.mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
