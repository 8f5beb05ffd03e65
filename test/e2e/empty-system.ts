import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '@subledger/service-kit/installed-services';
import { gatewaysByDefault, RoundRobin, type ServiceProcess, spawnService } from '@subledger/testing';

export const START_TIMEOUT_MS = 120_000;

interface DevJson {
  readonly gatewayUrl: string;
  readonly kafkaBrokers: string;
  readonly databaseUrl: string;
  readonly operator: { readonly login: string; readonly password: string; readonly apiKey: string };
  readonly upstream: { readonly apiKey: string };
}

/**
 * The processes of `npm start -- --no-demo` after the build, with their own servers and home. With TEST_GATEWAYS
 * there are additional gateways, and `dev.json` names a balancer for all of them.
 */
export class EmptySystem {
  readonly #more: ServiceProcess[] = [];
  #balancer: RoundRobin | undefined;

  private constructor(
    private readonly home: string,
    /** For commands that must find it. */
    readonly environment: NodeJS.ProcessEnv,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<EmptySystem> {
    const home = await mkdtemp(join(tmpdir(), 'subledger-tour-'));
    const { DATABASE_URL: _database, KAFKA_BROKERS: _brokers, ...own } = process.env;
    const environment = { ...own, SUBLEDGER_HOME: home, GATEWAY_PORT: String(await freePort()) };
    const root = ROOT;
    const cli = join(root, 'packages/devstack/dist/cli.js');
    const child = spawn(process.execPath, [cli, 'start', '--no-demo'], { cwd: root, env: environment });
    const system = new EmptySystem(home, environment, child);
    try {
      await untilItSays(child, 'Everything is up', START_TIMEOUT_MS);
      await system.#addGateways(gatewaysByDefault() - 1);
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  /** Requests that each gateway answered; empty with one. */
  get answeredByGateway(): readonly number[] {
    return this.#balancer?.answered ?? [];
  }

  async stop(): Promise<void> {
    await this.#balancer?.close();
    await Promise.all(this.#more.map((gateway) => gateway.stop()));
    if (this.child.exitCode === null) {
      const exited = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGINT');
      await exited;
    }
    await rm(this.home, { recursive: true, force: true });
  }

  async #addGateways(count: number): Promise<void> {
    if (count === 0) return;
    const file = join(this.home, 'dev.json');
    const dev = JSON.parse(await readFile(file, 'utf8')) as DevJson;
    const env = {
      DATABASE_URL: dev.databaseUrl,
      KAFKA_BROKERS: dev.kafkaBrokers,
      GATEWAY_PORT: '0',
      OPERATOR_LOGIN: dev.operator.login,
      OPERATOR_PASSWORD: dev.operator.password,
      OPERATOR_API_KEY: dev.operator.apiKey,
      UPSTREAM_API_KEY: dev.upstream.apiKey,
    };
    for (let added = 0; added < count; added += 1) this.#more.push(await spawnService('gateway', env));
    const ports = this.#more.map((gateway) => gateway.ports.gateway as number);
    this.#balancer = await RoundRobin.start([Number(new URL(dev.gatewayUrl).port), ...ports]);
    await writeFile(file, JSON.stringify({ ...dev, gatewayUrl: this.#balancer.url }));
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** @throws Error with its output, if it ends or the time is over */
export function untilItSays(child: ChildProcess, words: string, timeoutMs: number): Promise<void> {
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
