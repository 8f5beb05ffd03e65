import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ROOT } from '@subledger/service-kit/installed-services';
import { freePort, START_TIMEOUT_MS, untilItSays } from './empty-system.js';

// `npm start -- --no-demo` after its build, below a folder that only its owner may enter, as `/root` is. PostgreSQL runs
// as another user when this runs as root.
const CLI = join(ROOT, 'packages/devstack/dist/cli.js');
let closed: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  closed = await mkdtemp(join(tmpdir(), 'subledger-closed-'));
});
afterAll(async () => {
  await Promise.all(running.map(stop));
  await rm(closed, { recursive: true, force: true, maxRetries: 3 });
});

async function start(home: string): Promise<{ readonly child: ChildProcess; readonly said: () => string }> {
  const { DATABASE_URL: _database, KAFKA_BROKERS: _brokers, ...own } = process.env;
  const child = spawn(process.execPath, [CLI, 'start', '--no-demo'], {
    env: { ...own, SUBLEDGER_HOME: join(closed, home), GATEWAY_PORT: String(await freePort()) },
  });
  running.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
    });
  }
  return { child, said: () => text };
}

async function startAndWait(home: string): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const { child, said } = await start(home);
  await untilItSays(child, 'Ctrl-C stops it.', START_TIMEOUT_MS);
  return { child, said: said() };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  await exited;
}

interface DevJson {
  readonly gatewayUrl: string;
  readonly databaseUrl: string;
  readonly operator: { readonly apiKey: string };
}
const devJson = async (home: string): Promise<DevJson> =>
  JSON.parse(await readFile(join(closed, home, 'dev.json'), 'utf8'));

async function openCustomer({ gatewayUrl, operator }: DevJson): Promise<void> {
  const response = await fetch(`${gatewayUrl}/v1/main-accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Kita Clinic', plan: 'prepay' }),
  });
  expect(response.status).toBe(201);
}

test('it starts, keeps its data, refuses a second start harmlessly, and runs beside another', async () => {
  expect((await stat(closed)).mode & 0o077).toBe(0);
  const first = await startAndWait('one');
  expect(first.said).toContain('Everything is up, and empty.');
  expect(first.said).not.toMatch(/Console|telemetry|turbo/i);
  const dev = await devJson('one');
  await openCustomer(dev);

  // Refused, it leaves alone what the commands for the running system read.
  const second = await start('one');
  await new Promise((resolve) => second.child.once('close', resolve));
  expect([second.child.exitCode, second.said()]).toEqual([1, expect.stringContaining('Already running in')]);
  expect(await devJson('one')).toEqual(dev);

  const beside = await startAndWait('two');
  expect(beside.said).toContain('Everything is up, and empty.');
  expect((await devJson('two')).databaseUrl).not.toBe(dev.databaseUrl);
  await Promise.all([stop(first.child), stop(beside.child)]);

  const again = await startAndWait('one');
  expect(again.said).toContain('Everything is up, with the data that was there.');
  await stop(again.child);
});

test('what it keeps can be read by its owner alone', async () => {
  const home = await stat(join(closed, 'one'));
  expect(home.mode & 0o077).toBe(0);
  for (const name of await readdir(join(closed, 'one', 'secrets')))
    expect([name, (await stat(join(closed, 'one', 'secrets', name))).mode & 0o077]).toEqual([name, 0]);
});
