import { type ChildProcess, spawn } from 'node:child_process';
import { DevstackError } from './devstack-error.js';
import { OrphanGuard } from './orphan-guard.js';
import { eachLine, type LogLevel, linePrefix, passesLevel } from './output.js';
import { poll } from './poll.js';

export interface ProcessSpec {
  /** Stands before each line of its output. */
  readonly name: string;
  /** Node script, absolute. */
  readonly script: string;
  readonly args?: readonly string[];
  /** On top of our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options for Node itself. */
  readonly nodeArgs?: readonly string[];
  /** The process counts as started when this URL answers with 2xx. Without a URL: when it is spawned. */
  readonly readyUrl?: string;
  /** Default 60,000. */
  readonly readyTimeoutMs?: number;
}

export interface SupervisorOptions {
  /** Gets each line to show, prefixed, with no line end. Default: to standard output. */
  readonly write?: (line: string) => void;
  /** Lines of pino below it are not shown. Default `info`. */
  readonly minLevel?: LogLevel;
  /** Default: when standard output is a terminal and NO_COLOR is not set. */
  readonly colour?: boolean;
  /** Width of the names' column. Default 9. */
  readonly nameWidth?: number;
  /** How long one process gets to stop before it is killed. Default 20,000. */
  readonly stopTimeoutMs?: number;
}

export interface StoppedProcess {
  readonly name: string;
  /** `exit code 1` or a signal's name. */
  readonly how: string;
}

interface Supervised {
  readonly spec: ProcessSpec;
  readonly child: ChildProcess;
  readonly exited: Promise<string>;
  running: boolean;
}

/**
 * Node processes in one terminal: their output line by line, their readiness, their end. Restarts nothing:
 * a service that dies is a bug to be seen.
 */
export class Supervisor {
  readonly #options: Required<SupervisorOptions>;
  readonly #guard = new OrphanGuard();
  readonly #processes: Supervised[] = [];
  #stopping: Promise<void> | undefined;
  #reportFailure: (stopped: StoppedProcess) => void = () => {};

  /** Resolves with the first process that stops by itself. */
  readonly failed: Promise<StoppedProcess> = new Promise((resolve) => {
    this.#reportFailure = resolve;
  });

  constructor(options: SupervisorOptions = {}) {
    this.#options = {
      write: (line) => process.stdout.write(`${line}\n`),
      minLevel: 'info',
      colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
      nameWidth: 9,
      stopTimeoutMs: 20_000,
      ...options,
    };
  }

  /**
   * Starts a process and waits until it is ready.
   *
   * @throws DevstackError when it stops before, or is not ready in time (it is left running; call `stop`)
   */
  async start(spec: ProcessSpec): Promise<void> {
    if (this.#stopping !== undefined)
      throw new DevstackError(`${spec.name} is not started: all is being stopped`);
    const supervised = this.#spawn(spec);
    if (spec.readyUrl === undefined) return;
    const { readyUrl, name, readyTimeoutMs = 60_000 } = spec;
    await poll(
      async () => {
        if (!supervised.running) {
          throw new DevstackError(
            `${name} stopped (${await supervised.exited}) before it was ready; see its output above`,
          );
        }
        return (await answers(readyUrl)) ? true : undefined;
      },
      {
        timeoutMs: readyTimeoutMs,
        intervalMs: 100,
        onTimeout: () =>
          new DevstackError(
            `${name} is not ready after ${readyTimeoutMs / 1000} s: ${readyUrl} does not answer with 2xx`,
          ),
      },
    );
  }

  /**
   * Stops the named ones first, one after the other in that order, then the rest at once. Each gets
   * SIGTERM and, after `stopTimeoutMs`, SIGKILL.
   */
  stop(order: readonly string[] = []): Promise<void> {
    this.#stopping ??= this.#stopAll(order).finally(() => this.#guard.dismiss());
    return this.#stopping;
  }

  /** Ends everything at once: for the second Ctrl-C. */
  kill(): void {
    for (const { child, running } of this.#processes) if (running) child.kill('SIGKILL');
  }

  async #stopAll(order: readonly string[]): Promise<void> {
    const rank = new Map(order.map((name, index) => [name, index]));
    const named = this.#processes
      .filter(({ spec }) => rank.has(spec.name))
      .sort((a, b) => (rank.get(a.spec.name) ?? 0) - (rank.get(b.spec.name) ?? 0));
    for (const one of named) await this.#stopOne(one);
    await Promise.all(this.#processes.map((one) => this.#stopOne(one)));
  }

  async #stopOne(one: Supervised): Promise<void> {
    if (!one.running) return;
    one.child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.#options.write(
        `${one.spec.name} does not stop after ${this.#options.stopTimeoutMs / 1000} s and is killed`,
      );
      one.child.kill('SIGKILL');
    }, this.#options.stopTimeoutMs);
    await one.exited;
    clearTimeout(timer);
  }

  #spawn(spec: ProcessSpec): Supervised {
    const child = spawn(process.execPath, [...(spec.nodeArgs ?? []), spec.script, ...(spec.args ?? [])], {
      // A group of its own: Ctrl-C in the terminal reaches only us, and we stop things in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...spec.env },
    });
    const { nameWidth, colour, minLevel, write } = this.#options;
    const prefix = linePrefix(spec.name, this.#processes.length, nameWidth, colour);
    const show = (line: string): void => {
      if (passesLevel(line, minLevel)) write(prefix + line);
    };
    eachLine(child.stdout, show);
    eachLine(child.stderr, show);
    // 'close' comes after the last line of output, 'exit' may come before it.
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    const supervised: Supervised = { spec, child, exited, running: true };
    this.#processes.push(supervised);
    if (child.pid !== undefined) this.#guard.watch(child.pid, 'TERM', spec.script);
    void exited.then((how) => {
      supervised.running = false;
      if (this.#stopping === undefined) this.#reportFailure({ name: spec.name, how });
    });
    return supervised;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
