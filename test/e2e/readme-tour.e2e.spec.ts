import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { repositoryRoot } from '@subledger/testing';
import { outputsOf, readTour, scriptOf } from './readme-tour.js';

const ROOT = repositoryRoot();
const START_TIMEOUT_MS = 120_000;
const TOUR_TIMEOUT_MS = 120_000;

let home: string;
let environment: NodeJS.ProcessEnv;
let system: ChildProcess;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'subledger-tour-'));
  const { DATABASE_URL: _database, KAFKA_BROKERS: _brokers, ...own } = process.env;
  environment = { ...own, SUBLEDGER_HOME: home, GATEWAY_PORT: String(await freePort()) };
  // What `npm start -- --no-demo` runs after the build, with servers of its own.
  const cli = join(ROOT, 'packages/devstack/dist/cli.js');
  system = spawn(process.execPath, [cli, 'start', '--no-demo'], { cwd: ROOT, env: environment });
  await untilItSays(system, 'Everything is up', START_TIMEOUT_MS);
}, START_TIMEOUT_MS + 10_000);

afterAll(async () => {
  if (system.exitCode === null) {
    const exited = new Promise((resolve) => system.once('exit', resolve));
    system.kill('SIGINT');
    await exited;
  }
  await rm(home, { recursive: true, force: true });
}, 60_000);

it(
  'prints what the README says',
  async () => {
    const steps = await readTour(join(ROOT, 'README.md'));
    expect(steps.length).toBeGreaterThan(5);
    const shell = spawnSync('bash', ['-c', scriptOf(steps)], {
      cwd: ROOT,
      env: environment,
      encoding: 'utf8',
      timeout: TOUR_TIMEOUT_MS,
    });
    expect(shell.stderr).toBe('');
    expect(outputsOf(shell.stdout)).toEqual(steps.map(({ output }) => output));
  },
  TOUR_TIMEOUT_MS + 10_000,
);

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
