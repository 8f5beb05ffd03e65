import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { launchOf, type ServiceName, serviceScript } from '@subledger/service-kit/installed-services';
import { DevstackError } from '../devstack-error.js';
import { type LogLevel, linePrefix } from '../output.js';
import { freePort } from '../ports.js';
import { type StoppedProcess, Supervisor } from '../supervisor.js';
import { isShown, readLogLine } from './start-log-line.js';

export interface ServiceGroupOptions {
  /** Folder that gets each service's whole output. */
  readonly logs: string;
  /** Shown on the terminal from this level on; the files have everything. */
  readonly showLevel: LogLevel;
  readonly write: (line: string) => void;
  readonly colour: boolean;
  /** A service stopped though nobody asked it to. */
  readonly onFailure: (stopped: StoppedProcess, lastLines: string) => void;
}

interface Running {
  readonly supervisor: Supervisor;
  readonly log: WriteStream;
}

const NAME_WIDTH = 9;
const KEPT_LINES = 20;

/**
 * The services, each a process under a supervisor of its own, so that one can be started again while the others
 * run.
 */
export class ServiceGroup {
  readonly #options: ServiceGroupOptions;
  readonly #running = new Map<ServiceName, Running>();
  readonly #lastLines = new Map<ServiceName, string[]>();

  constructor(options: ServiceGroupOptions) {
    this.#options = options;
  }

  /**
   * Starts a service and waits until it is ready.
   *
   * @throws DevstackError with its last lines if it does not become ready
   */
  async start(name: ServiceName, env: Readonly<Record<string, string>>): Promise<void> {
    const opsPort = await freePort();
    const launch = launchOf(name);
    const running = this.#supervise(name);
    this.#running.set(name, running);
    void running.supervisor.failed.then((stopped) => this.#options.onFailure(stopped, this.lastLines(name)));
    try {
      await running.supervisor.start({
        name,
        script: serviceScript(name),
        nodeArgs: launch.nodeArgs,
        env: { ...launch.env, ...env, OPS_PORT: String(opsPort), OPS_HOST: '127.0.0.1' },
        readyUrl: `http://127.0.0.1:${opsPort}/readyz`,
      });
    } catch (error) {
      if (!(error instanceof DevstackError)) throw error;
      throw new DevstackError(`${error.message}\n${this.lastLines(name)}`);
    }
  }

  /** Stops a service (where it runs) and starts it anew. */
  async restart(name: ServiceName, env: Readonly<Record<string, string>>): Promise<void> {
    await this.#stopOne(name);
    await this.start(name, env);
  }

  /** The end of its output, which may say why it stopped. */
  lastLines(name: string): string {
    return (this.#lastLines.get(name as ServiceName) ?? []).map((line) => `  ${name} | ${line}`).join('\n');
  }

  /** One after the other in this order: senders stop before those that answer. */
  async stop(order: readonly ServiceName[] = ['gateway', 'scheduler', 'ledger']): Promise<void> {
    for (const name of order) await this.#stopOne(name);
  }

  /** At once: for the second Ctrl-C. */
  kill(): void {
    for (const { supervisor } of this.#running.values()) supervisor.kill();
  }

  async #stopOne(name: ServiceName): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    await running.supervisor.stop();
    running.log.end();
    this.#running.delete(name);
  }

  #supervise(name: ServiceName): Running {
    const log = createWriteStream(join(this.#options.logs, `${name}.log`), { flags: 'a', mode: 0o600 });
    const { write, colour, showLevel } = this.#options;
    const prefix = linePrefix(name, ['ledger', 'gateway', 'scheduler'].indexOf(name), NAME_WIDTH, colour);
    const theirs = linePrefix(name, 0, 0, false);
    const kept: string[] = [];
    this.#lastLines.set(name, kept);
    const supervisor = new Supervisor({
      minLevel: 'trace',
      colour: false,
      nameWidth: 0,
      write: (prefixed) => {
        const line = prefixed.startsWith(theirs) ? prefixed.slice(theirs.length) : prefixed;
        log.write(`${line}\n`);
        const read = readLogLine(line);
        kept.push(read.text);
        if (kept.length > KEPT_LINES) kept.shift();
        if (isShown(read, showLevel)) write(prefix + read.text);
      },
    });
    return { supervisor, log };
  }
}
