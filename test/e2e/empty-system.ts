import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '@subledger/testing';

export const START_TIMEOUT_MS = 120_000;

/** What `npm start -- --no-demo` runs after the build, with servers and a home of its own. */
export class EmptySystem {
  private constructor(
    private readonly home: string,
    /** For commands that are to find it. */
    readonly environment: NodeJS.ProcessEnv,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<EmptySystem> {
    const home = await mkdtemp(join(tmpdir(), 'subledger-tour-'));
    const { DATABASE_URL: _database, KAFKA_BROKERS: _brokers, ...own } = process.env;
    const environment = { ...own, SUBLEDGER_HOME: home, GATEWAY_PORT: String(await freePort()) };
    const root = repositoryRoot();
    const cli = join(root, 'packages/devstack/dist/cli.js');
    const child = spawn(process.execPath, [cli, 'start', '--no-demo'], { cwd: root, env: environment });
    const system = new EmptySystem(home, environment, child);
    try {
      await untilItSays(child, 'Everything is up', START_TIMEOUT_MS);
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const exited = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGINT');
      await exited;
    }
    await rm(this.home, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function untilItSays(child: ChildProcess, words: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`not up within ${timeoutMs} ms:\n${said}`)), timeoutMs);
    const listen = (chunk: Buffer) => {
      said += chunk;
      if (!said.includes(words)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', (code) => reject(new Error(`ended with ${code}:\n${said}`)));
  });
}
