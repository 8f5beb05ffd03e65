import { type ChildProcess, spawn } from 'node:child_process';
import { launchOf, type ServiceName, serviceScript } from '@subledger/service-kit/installed-services';

export interface SpawnOptions {
  /** What Node gets on top of the service's own arguments. */
  readonly nodeArgs?: readonly string[];
  /** Kept for `output()` (default), or passed on to our standard error and not kept. */
  readonly output?: 'keep' | 'pass-on';
  /** How long it gets to say `ready`. Default 60,000. */
  readonly readyTimeoutMs?: number;
  /** Milliseconds that `stop` waits before it kills. Default 25,000: longer than a service's own limit. */
  readonly stopTimeoutMs?: number;
}

interface ReadyMessage {
  readonly type: 'ready';
  readonly [port: string]: number | string;
}

/** Number of last lines to keep, enough to see why it ended. */
const MAX_OUTPUT_LINES = 2_000;
/** Child processes that must not outlive this process. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** A built service in its own process. */
export class ServiceProcess {
  readonly name: string;
  readonly pid: number;
  /** Ports by name, as it announced them: `ops`, and the gateway's `gateway`. */
  readonly ports: Readonly<Record<string, number>>;
  /** Resolves when it is gone, with `exit code N` or the signal's name. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #lines: string[];
  readonly #stopTimeoutMs: number;

  /** Use `spawnService` or `spawnNode`. */
  constructor(started: Started, ports: Record<string, number>, stopTimeoutMs: number) {
    this.name = started.name;
    this.pid = started.child.pid as number;
    this.ports = ports;
    this.exited = started.exited;
    this.#child = started.child;
    this.#lines = started.lines;
    this.#stopTimeoutMs = stopTimeoutMs;
  }

  /** Address of `/healthz`, `/readyz` and `/metrics`. */
  get opsUrl(): string {
    return `http://127.0.0.1:${this.ports.ops}`;
  }

  /** Its output, both streams, the last 2,000 lines. */
  output(): string {
    return this.#lines.join('\n');
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** SIGTERM, then SIGKILL if needed. Resolves with how it ended. */
  async stop(): Promise<string> {
    if (!this.running) return this.exited;
    // A suspended process would never receive the SIGTERM.
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#stopTimeoutMs);
    const how = await this.exited;
    clearTimeout(timer);
    return how;
  }

  /** SIGKILL: it cannot finish anything. */
  async kill9(): Promise<string> {
    this.#child.kill('SIGKILL');
    return this.exited;
  }

  /** SIGSTOP: it is suspended, and its connections stay open. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }
}

interface Started {
  readonly name: string;
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly exited: Promise<string>;
}

/**
 * Runs `services/<name>/dist/main.js` and waits for its `ready` message.
 *
 * @throws Error with the last lines of its output when it ends before, or is not ready in time
 */
export function spawnService(
  name: ServiceName,
  env: Readonly<Record<string, string>>,
  options: SpawnOptions = {},
): Promise<ServiceProcess> {
  const launch = launchOf(name);
  const args = [...launch.nodeArgs, ...(options.nodeArgs ?? []), serviceScript(name)];
  return spawnNode(name, args, { ...launch.env, NODE_ENV: 'test', ...env }, options);
}

/**
 * Runs Node with these arguments and waits for the `ready` message.
 *
 * @throws Error with the last lines of its output when it ends before, or is not ready in time
 */
export async function spawnNode(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: Omit<SpawnOptions, 'nodeArgs'> = {},
): Promise<ServiceProcess> {
  const started = start(name, args, env, options.output ?? 'keep');
  try {
    const ports = await readyPorts(started, options.readyTimeoutMs ?? 60_000);
    return new ServiceProcess(started, ports, options.stopTimeoutMs ?? 25_000);
  } catch (error) {
    started.child.kill('SIGKILL');
    throw error;
  }
}

function start(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  output: 'keep' | 'pass-on',
): Started {
  const stream = output === 'keep' ? 'pipe' : 2;
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', stream, stream, 'ipc'],
    // Jest's own options (its module loader) are not for the process.
    env: { ...process.env, NODE_OPTIONS: '', OPS_PORT: '0', ...env },
  });
  alive.add(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (chunk: string) => {
      lines.push(...chunk.split('\n').filter((line) => line !== ''));
      if (lines.length > MAX_OUTPUT_LINES) lines.splice(0, lines.length - MAX_OUTPUT_LINES);
    });
  }
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  }).finally(() => alive.delete(child));
  return { name, child, lines, exited };
}

function readyPorts(
  { name, child, lines, exited }: Started,
  timeoutMs: number,
): Promise<Record<string, number>> {
  return new Promise((resolve, reject) => {
    const fail = (how: string) => reject(new Error(`${name} ${how}\n${lines.slice(-30).join('\n')}`));
    const timer = setTimeout(() => fail(`was not ready within ${timeoutMs} ms`), timeoutMs);
    child.on('message', (message: ReadyMessage) => {
      if (message?.type !== 'ready') return;
      clearTimeout(timer);
      const ports = Object.entries(message).filter(
        (entry): entry is [string, number] => typeof entry[1] === 'number',
      );
      resolve(Object.fromEntries(ports));
    });
    void exited.then((how) => {
      clearTimeout(timer);
      fail(`ended before it was ready (${how})`);
    });
  });
}
