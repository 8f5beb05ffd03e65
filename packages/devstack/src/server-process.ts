import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { OrphanGuard } from './orphan-guard.js';
import { isProcess, type StopSteps, stopProcess } from './process-info.js';

export interface ServerSpec {
  /** For messages: "PostgreSQL". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Default: `/`, because every user may enter it. The server's user may not be allowed to enter our own folder. */
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Both outputs are appended here. */
  readonly logFile: string;
  /** Notes the process for the next start, in case we die before we stop it. */
  readonly pidFile: string;
  /** A part of the command line that no other process has: the path of the data folder. */
  readonly needle: string;
  readonly stopSteps: StopSteps;
}

const MAX_LOG_BYTES = 10_000_000;

/** A server in a process group of its own, so that Ctrl-C in the terminal reaches only us. */
export class ServerProcess {
  readonly #spec: ServerSpec;
  readonly #child: ChildProcess;
  readonly #logStart: number;
  /** Resolves when the process is gone, with how it went. */
  readonly exited: Promise<string>;
  #gone = false;

  private constructor(spec: ServerSpec, child: ChildProcess, logStart: number) {
    this.#spec = spec;
    this.#child = child;
    this.#logStart = logStart;
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    }).then((how) => {
      this.#gone = true;
      return how as string;
    });
  }

  /** Starts it. The caller checks when it is ready. */
  static async start(spec: ServerSpec, guard: OrphanGuard): Promise<ServerProcess> {
    const logStart = await rotatedSize(spec.logFile);
    const log = await open(spec.logFile, 'a', 0o600);
    try {
      const child = spawn(spec.command, spec.args, {
        detached: true,
        cwd: spec.cwd ?? '/',
        stdio: ['ignore', log.fd, log.fd],
        env: spec.env ?? process.env,
        ...(spec.uid === undefined ? {} : { uid: spec.uid }),
        ...(spec.gid === undefined ? {} : { gid: spec.gid }),
      });
      const server = new ServerProcess(spec, child, logStart);
      if (child.pid !== undefined) {
        guard.watch(child.pid, spec.stopSteps[0]?.signal === 'SIGINT' ? 'INT' : 'TERM', spec.needle);
        await writeFile(spec.pidFile, `${child.pid}\n`, { mode: 0o600 });
      }
      return server;
    } finally {
      await log.close();
    }
  }

  get gone(): boolean {
    return this.#gone;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it has logged since this start. */
  async log(): Promise<string> {
    const bytes = await readFile(this.#spec.logFile).catch(() => Buffer.alloc(0));
    return bytes.subarray(this.#logStart).toString('utf8');
  }

  async stop(): Promise<void> {
    const { pid } = this.#child;
    if (pid !== undefined && !this.#gone) await stopProcess(pid, this.#spec.needle, this.#spec.stopSteps);
    await rm(this.#spec.pidFile, { force: true });
  }
}

async function rotatedSize(logFile: string): Promise<number> {
  const size = await stat(logFile).then(
    (info) => info.size,
    () => 0,
  );
  if (size <= MAX_LOG_BYTES) return size;
  await rename(logFile, `${logFile}.1`);
  return 0;
}

/** Stops servers that a killed run left behind. Returns whether there were any. */
export async function stopLeftover(
  spec: Pick<ServerSpec, 'pidFile' | 'needle' | 'stopSteps'>,
): Promise<boolean> {
  const pid = Number(await readFile(spec.pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0) return false;
  const running = await isProcess(pid, spec.needle);
  if (running) await stopProcess(pid, spec.needle, spec.stopSteps);
  await rm(spec.pidFile, { force: true });
  return running;
}
