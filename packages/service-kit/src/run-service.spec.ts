import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { transform } from '@swc/core';

const cacheFolder = join(import.meta.dirname, '../node_modules/.cache');
let folder: string;
/** A service in production needs one; this suite is about other secrets. */
const DEAD_LETTER_KEY = 'w5Nc8-Tf2Hy6Jd0Kp4Rs9Vb3Xg7Zm1Lq';

/** The sources as plain JavaScript beside node_modules: the child runs what is tested, not an older build. */
beforeAll(async () => {
  await mkdir(cacheFolder, { recursive: true });
  folder = await mkdtemp(join(cacheFolder, 'run-service-'));
  const sources = (await readdir(import.meta.dirname)).filter((name) => /(?<!\.spec)\.ts$/.test(name));
  await Promise.all(sources.map(compile));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'service.js'), SERVICE);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function compile(name: string): Promise<void> {
  const source = await readFile(join(import.meta.dirname, name), 'utf8');
  const { code } = await transform(source, {
    filename: name,
    module: { type: 'es6' },
    jsc: { target: 'es2024', parser: { syntax: 'typescript', decorators: true } },
  });
  await writeFile(join(folder, name.replace(/\.ts$/, '.js')), code);
}

/** A service that does as MODE says. */
const SERVICE = `
import { z } from 'zod';
import { baseConfig, runService } from './index.js';
const mode = process.env.MODE;
await runService({
  name: 'sample',
  configSchema: z.object({ ...baseConfig, SAMPLE_SECRET: z.string().optional() }),
  secrets: (config) => ({ SAMPLE_SECRET: config.SAMPLE_SECRET }),
  start: async ({ log, health, fail }) => {
    if (mode === 'start-fails') throw new Error('no such table');
    health.register('database', async () => {});
    const work = setInterval(() => {}, 1000);
    process.on('message', (order) => {
      if (order === 'throw') setTimeout(() => { throw new Error('a bug'); });
      if (order === 'reject') void Promise.reject(new Error('a lost promise'));
      if (order === 'fail') fail('consumer crashed');
    });
    return {
      ports: { http: 4321 },
      stop: async () => {
        log.info('letting go');
        clearInterval(work);
        if (mode === 'stop-hangs') await new Promise(() => {});
        if (mode === 'stop-fails') throw new Error('could not let go');
      },
    };
  },
});
`;

interface Child {
  process: ChildProcess;
  output: () => string;
  exited: Promise<number | null>;
}

function start(env: Record<string, string>): Child {
  let output = '';
  const child = fork(join(folder, 'service.js'), {
    silent: true,
    execArgv: [],
    env: {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: 'postgresql://app:Vq8-1kd0@db/x',
      KAFKA_BROKERS: 'broker:9092',
      SHUTDOWN_TIMEOUT_MS: '10000',
      ...env,
    },
  });
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  return { process: child, output: () => output, exited: once(child, 'close').then(([code]) => code) };
}

async function startUp(env: Record<string, string> = {}) {
  const child = start(env);
  const [message] = (await Promise.race([
    once(child.process, 'message'),
    child.exited.then(() => {
      throw new Error(`exited early: ${child.output()}`);
    }),
  ])) as [{ ops: number }];
  return { ...child, message };
}

/** Servers as the suites have them. */
const GOOD = { ALLOW_INSECURE_KAFKA: 'true', ALLOW_INSECURE_DATABASE: 'true', DEAD_LETTER_KEY };

describe('runService', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('is ready, answers, and stops in order on %s', async (signal) => {
    const child = await startUp();
    expect(child.message).toMatchObject({
      type: 'ready',
      service: 'sample',
      http: 4321,
      ops: expect.any(Number),
    });
    expect((await fetch(`http://127.0.0.1:${child.message.ops}/healthz`)).status).toBe(200);
    const metrics = await (await fetch(`http://127.0.0.1:${child.message.ops}/metrics`)).text();
    expect(metrics).toContain('process_cpu_user_seconds_total{service="sample"}');
    child.process.kill(signal);
    child.process.kill(signal);
    expect(await child.exited).toBe(0);
    expect(child.output()).toMatch(
      /"msg":"ready"[\s\S]*"msg":"stopping"[\s\S]*"msg":"letting go"[\s\S]*"msg":"stopped"/,
    );
    expect(child.output().match(/letting go/g)).toHaveLength(1);
  });

  it('exits 1 when the stop takes longer than SHUTDOWN_TIMEOUT_MS', async () => {
    const child = await startUp({ MODE: 'stop-hangs', SHUTDOWN_TIMEOUT_MS: '300' });
    child.process.kill('SIGTERM');
    expect(await child.exited).toBe(1);
    expect(child.output()).toContain('did not stop in time');
  });

  it('exits 1 when the stop fails', async () => {
    const child = await startUp({ MODE: 'stop-fails' });
    child.process.kill('SIGTERM');
    expect(await child.exited).toBe(1);
    expect(child.output()).toContain('could not let go');
  });

  it.each([
    ['throw', 'a bug'],
    ['reject', 'a lost promise'],
    ['fail', 'consumer crashed'],
  ])('stops and exits 1 on %s', async (order, text) => {
    const child = await startUp();
    child.process.send(order);
    expect(await child.exited).toBe(1);
    expect(child.output()).toMatch(new RegExp(`"level":"fatal".*${text}`));
    expect(child.output()).toContain('letting go');
  });

  it.each([
    [{ MODE: 'start-fails' }, 'could not start: no such table'],
    [{ KAFKA_BROKERS: '' }, 'KAFKA_BROKERS is missing'],
    [{ NODE_ENV: 'production', ...GOOD, SAMPLE_SECRET: 'changeme' }, 'SAMPLE_SECRET must not be a default'],
    [{ NODE_ENV: 'production', ...GOOD }, 'SAMPLE_SECRET must be set in production'],
    [{ NODE_ENV: 'production' }, 'ALLOW_INSECURE_KAFKA=true'],
    [{ NODE_ENV: 'production' }, 'ALLOW_INSECURE_DATABASE=true'],
  ])('does not start with %j', async (env, text) => {
    const child = start(env as unknown as Record<string, string>);
    expect(await child.exited).toBe(1);
    expect(child.output()).toContain(text);
  });
});
