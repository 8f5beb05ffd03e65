import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from './ports.js';
import { Supervisor } from './supervisor.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'subledger-supervisor-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function script(name: string, text: string): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, text);
  return file;
}

const stoppable = (name: string): Promise<string> =>
  script(
    name,
    `import { createServer } from 'node:http';
     process.on('SIGTERM', () => { console.log('stopping'); process.exit(0); });
     createServer((_, res) => res.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');
     console.log(JSON.stringify({ level: 20, msg: 'debug' }));
     console.log(JSON.stringify({ level: 30, msg: 'up' }));`,
  );

function supervise(): { supervisor: Supervisor; lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    supervisor: new Supervisor({ write: (line) => lines.push(line), colour: false, stopTimeoutMs: 2_000 }),
  };
}

async function web(name: string): Promise<Parameters<Supervisor['start']>[0]> {
  const port = String(await freePort());
  return { name, script: await stoppable(name), env: { PORT: port }, readyUrl: `http://127.0.0.1:${port}/` };
}

test('waits for readiness, prefixes and filters output, stops in the order given', async () => {
  const { supervisor, lines } = supervise();
  for (const name of ['ledger', 'gateway']) await supervisor.start(await web(name));
  await supervisor.stop(['gateway', 'ledger']);
  expect(lines).toEqual([
    'ledger    | {"level":30,"msg":"up"}',
    'gateway   | {"level":30,"msg":"up"}',
    'gateway   | stopping',
    'ledger    | stopping',
  ]);
});

test('one that ends before it is ready is an error, with how it ended', async () => {
  const { supervisor, lines } = supervise();
  const file = await script('broken', "console.error('no database'); process.exit(3);");
  const start = supervisor.start({ name: 'broken', script: file, readyUrl: 'http://127.0.0.1:9/' });
  await expect(start).rejects.toThrow(/broken stopped \(exit code 3\)/);
  expect(await supervisor.failed).toEqual({ name: 'broken', how: 'exit code 3' });
  expect(lines).toEqual(['broken    | no database']);
  await supervisor.stop();
});

test('one that ignores SIGTERM is killed after its time, and a stop is no failure', async () => {
  const { supervisor, lines } = supervise();
  const file = await script(
    'deaf',
    "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up');",
  );
  await supervisor.start({ name: 'deaf', script: file });
  const deadline = Date.now() + 10_000;
  while (lines.length === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  await supervisor.stop();
  expect(lines.at(-1)).toBe('deaf does not stop after 2 s and is killed');
  expect(await Promise.race([supervisor.failed, Promise.resolve('none')])).toBe('none');
  await expect(supervisor.start({ name: 'late', script: file })).rejects.toThrow(/being stopped/);
});
