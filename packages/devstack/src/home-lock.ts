import { link, mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DevstackError } from './devstack-error.js';
import { startToken } from './process-info.js';

interface Holder {
  readonly pid: number;
  readonly started: string;
}

/** With 20 ms between them, this is longer than an interrupted removal stays in place. */
const ATTEMPTS = 500;

/** A removal takes a millisecond. One of this age was interrupted by a crash. */
const CLEARING_MS = 5_000;

let locks = 0;

/**
 * Locks the home for this process. A lock whose process is gone (pid and start time
 * are compared, as pids come round) is taken over.
 *
 * @throws DevstackError if a running process has it
 */
export async function lockHome(home: string): Promise<{ release(): Promise<void> }> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const lockFile = join(home, 'lock');
  locks += 1;
  const mine = `${lockFile}.${process.pid}.${locks}`;
  const content = JSON.stringify({ pid: process.pid, started: await startToken(process.pid) });
  await writeFile(mine, content, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (await tryLink(mine, lockFile)) return { release: () => releaseLock(lockFile, content) };
      await clearIfStale(home, lockFile);
    }
    throw new DevstackError(`Others start in ${home} at the same time. Try again.`);
  } finally {
    await rm(mine, { force: true });
  }
}

/** The pid of the running process that has the home, or undefined. */
export async function holderOf(home: string): Promise<number | undefined> {
  const text = await readFile(join(home, 'lock'), 'utf8').catch(() => '');
  const holder = parseHolder(text);
  return holder !== undefined && (await isHeld(holder)) ? holder.pid : undefined;
}

async function isHeld({ pid, started }: Holder): Promise<boolean> {
  return (await startToken(pid)) === started;
}

/** `link` is atomic, and the lock never exists without its content. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes the lock if its process is gone. Only one process at a time may do this: between the check and the removal
 * another one could have removed it and taken the lock, and that one would be removed then.
 */
async function clearIfStale(home: string, lockFile: string): Promise<void> {
  const clearing = `${lockFile}.clearing`;
  if (!(await tryMkdir(clearing))) {
    const { mtimeMs } = await stat(clearing).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > CLEARING_MS) await rmdir(clearing).catch(() => {});
    await delay(20);
    return;
  }
  try {
    const text = await readFile(lockFile, 'utf8').catch(() => undefined);
    if (text === undefined) return;
    const holder = parseHolder(text);
    if (holder !== undefined && (await isHeld(holder))) {
      throw new DevstackError(
        `Already running in ${home}, pid ${holder.pid}. Stop it first, or set SUBLEDGER_HOME to another folder.`,
      );
    }
    await rm(lockFile, { force: true });
  } finally {
    await rmdir(clearing).catch(() => {});
  }
}

async function tryMkdir(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

async function releaseLock(lockFile: string, content: string): Promise<void> {
  const current = await readFile(lockFile, 'utf8').catch(() => undefined);
  if (current === content) await rm(lockFile, { force: true });
}
