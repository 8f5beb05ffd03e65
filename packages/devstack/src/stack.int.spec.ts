import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPool, isConnectionError } from '@subledger/database';
import { poll } from './poll.js';
import { commandLine } from './process-info.js';
import { type Stack, startPostgres, startStack } from './stack.js';

// Its own servers in its own home: here they are killed and started again.
let home: string;
let stack: Stack | undefined;
const env = {};
const start = async (): Promise<Stack> => {
  stack = await startStack({ home, durable: false, env });
  return stack;
};

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'subledger-test-'));
});
afterAll(async () => {
  await stack?.stop();
  await rm(home, { recursive: true, force: true, maxRetries: 3 });
});

const pidOf = async (name: string): Promise<number> =>
  Number(await readFile(join(home, 'run', `${name}.pid`), 'utf8'));
const poolOn = (url: string): ReturnType<typeof createPool> =>
  createPool({ url, schema: 'public', applicationName: 'stack-test', max: 2 });

test('a second start keeps data, addresses and cluster id; a pool survives the restart', async () => {
  const first = await start();
  const pool = poolOn(first.databaseUrl);
  await pool.query('CREATE TABLE kept (id int)');
  const meta = await readFile(join(home, 'kafka/data/meta.properties'), 'utf8');
  await expect(startStack({ home, env })).rejects.toThrow(`Already running in ${home}, pid ${process.pid}`);
  await first.stop();
  expect(isConnectionError(await pool.query('SELECT 1').catch((error: unknown) => error))).toBe(true);

  const second = await start();
  expect(second.databaseUrl).toBe(first.databaseUrl);
  expect(second.kafkaBrokers).toBe(first.kafkaBrokers);
  expect((await pool.query('SELECT * FROM kept')).rowCount).toBe(0);
  expect(await readFile(join(home, 'kafka/data/meta.properties'), 'utf8')).toContain(
    /cluster\.id=\S+/.exec(meta)?.[0],
  );
  await pool.end();
});

test('a server that dies is reported, and a stale postmaster.pid of a foreign process does not hinder', async () => {
  const running = stack ?? (await start());
  process.kill(await pidOf('postgres'), 'SIGKILL');
  expect(await running.failed).toEqual({ name: 'PostgreSQL', how: 'SIGKILL' });
  const pidFile = join(home, 'postgres/data/postmaster.pid');
  await running.stop();
  const [, ...rest] = (await readFile(pidFile, 'utf8')).split('\n');
  await writeFile(pidFile, [String(process.ppid), ...rest].join('\n'));
  await start();
});

test('a busy port is named with its variable, and nothing is left running', async () => {
  await stack?.stop();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const attempt = startPostgres({ home, durable: false, env: { POSTGRES_PORT: String(port) } });
  await expect(attempt).rejects.toThrow(new RegExp(`Port ${port} .*POSTGRES_PORT`));
  await new Promise((resolve) => server.close(resolve));
});

test('servers named by the environment are used, and must answer', async () => {
  const { databaseUrl = '', kafkaBrokers = '' } = {
    databaseUrl: process.env.TEST_DATABASE_URL,
    kafkaBrokers: process.env.TEST_KAFKA_BROKERS,
  };
  const existing = await startStack({
    home: join(home, 'unused'),
    env: { DATABASE_URL: databaseUrl, KAFKA_BROKERS: kafkaBrokers },
  });
  expect(existing).toMatchObject({ databaseUrl, kafkaBrokers });
  await existing.stop();
});

test('killed outright: the servers follow, and the next start works', async () => {
  const owner = await ownerProcess();
  const pids = [await pidOf('postgres'), await pidOf('kafka')];
  owner.kill('SIGKILL');
  await poll(
    async () => ((await Promise.all(pids.map(commandLine))).every((line) => line === '') ? true : undefined),
    {
      timeoutMs: 20_000,
      onTimeout: () => new Error('the servers outlive their owner'),
    },
  );
  await start();
});

/** Another process that has the home: the built CLI. */
async function ownerProcess(): Promise<ChildProcess> {
  await stack?.stop();
  const cli = join(import.meta.dirname, '../dist/cli.js');
  const { DATABASE_URL: _url, KAFKA_BROKERS: _brokers, NODE_OPTIONS: _options, ...rest } = process.env;
  const owner = spawn(process.execPath, [cli, 'servers'], {
    env: { ...rest, SUBLEDGER_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  owner.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const deadline = Date.now() + 60_000;
  while (!output.includes('KAFKA_BROKERS') && Date.now() < deadline) await delay(50);
  return owner;
}
