import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The command line of a running process, its arguments joined by spaces; empty if there is no such
 * process (a zombie counts as none).
 */
export async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const bytes = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return bytes.replaceAll('\0', ' ').trim();
  }
  return ps(pid, 'command=');
}

/**
 * When the process started, as an opaque text: together with the pid it tells a process from a later one
 * that got the same number. Empty when there is no such process.
 */
export async function startToken(pid: number): Promise<string> {
  if (process.platform !== 'linux') return ps(pid, 'lstart=');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Fields are counted after the command's closing parenthesis, as the name may hold spaces: field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (stat === '' || fields[0] === 'Z') return '';
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()}:${fields[19] ?? ''}`;
}

async function ps(pid: number, column: string): Promise<string> {
  try {
    const { stdout } = await run('ps', ['-ww', '-o', column, '-p', String(pid)], { timeout: 5_000 });
    return stdout.trim();
  } catch {
    return '';
  }
}

/** Signals in order, each with the time it gets to work. */
export type StopSteps = readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[];

export const STOP_POLITELY: StopSteps = [
  { signal: 'SIGTERM', waitMs: 15_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

/** SIGINT is PostgreSQL's "fast" shutdown: it ends sessions; SIGTERM would wait for them. */
export const STOP_POSTGRES: StopSteps = [
  { signal: 'SIGINT', waitMs: 15_000 },
  { signal: 'SIGQUIT', waitMs: 5_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

/**
 * Sends the signals in order until the process whose command line contains `needle` is gone.
 *
 * @throws when it outlives them all
 */
export async function stopProcess(pid: number, needle: string, steps: StopSteps): Promise<void> {
  for (const { signal, waitMs } of steps) {
    const deadline = performance.now() + waitMs;
    if (!(await isProcess(pid, needle))) return;
    send(pid, signal);
    while (performance.now() < deadline) {
      if (!(await isProcess(pid, needle))) return;
      await delay(50);
    }
  }
  if (await isProcess(pid, needle)) throw new Error(`Process ${pid} does not end, not even with SIGKILL`);
}

/** Whether the process is alive, and not another one that got the same number. */
export async function isProcess(pid: number, needle: string): Promise<boolean> {
  return (await commandLine(pid)).includes(needle);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
