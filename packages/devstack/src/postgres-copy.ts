import { chmod, cp, lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DevstackError } from './devstack-error.js';

/** A folder that only root may write to, and everybody may read: what lies there is not secret, and must not be changed. */
const CACHE = '/var/cache/subledger';

/** In an octal mode: writable for the group or for others. */
const OTHERS_WRITE = 0o022;

/**
 * PostgreSQL's program files where another user than root can run them, copied the first time: those of a checkout may
 * lie below a folder that only root may enter. Copies of the same version share one. Two that copy at once do not
 * disturb each other: each copies into a folder of its own, and the first that is done puts it in place.
 *
 * @param files folder with `bin`, `lib` and `share`
 * @param version names the copy
 * @throws DevstackError when the cache cannot be made, or somebody else could have changed it
 */
export async function reachableCopy(files: string, version: string, cache = CACHE): Promise<string> {
  const copy = join(cache, `postgres-${version}`);
  try {
    // Whatever the umask is; left alone when it was there.
    if ((await mkdir(cache, { recursive: true })) !== undefined) await chmod(cache, 0o755);
    await assertOnlyWeWrite(cache);
    if (await exists(copy)) {
      await assertOnlyWeWrite(copy);
      return copy;
    }
    const draft = await mkdtemp(join(cache, 'copying-'));
    try {
      // Otherwise their modes would depend on the umask, ours or npm's.
      await cp(files, draft, { recursive: true, verbatimSymlinks: true });
      await openToAll(draft);
      await rename(draft, copy).catch(async (error: unknown) => {
        if (!(await exists(copy))) throw error;
      });
      return copy;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  } catch (error) {
    if (error instanceof DevstackError) throw error;
    throw new DevstackError(
      `PostgreSQL refuses to run as root, and its files could not be copied to ${copy}, where its user could run them: ${(error as Error).message}. Run as another user than root, or set DATABASE_URL to a PostgreSQL of your own.`,
    );
  }
}

async function assertOnlyWeWrite(folder: string): Promise<void> {
  const info = await lstat(folder);
  if (info.isDirectory() && info.uid === process.getuid?.() && (info.mode & OTHERS_WRITE) === 0) return;
  throw new DevstackError(
    `${folder} can be written by others, so programs in it are not trusted. Remove it and start again.`,
  );
}

/** Everybody may read and enter, only the owner may write. Executable files stay executable. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, ((await lstat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
