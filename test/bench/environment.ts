import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicSettings } from '@subledger/contracts';
import { createPool, migrate } from '@subledger/database';
import { startStack } from '@subledger/devstack';
import { ensureTopics, type KafkaConfig } from '@subledger/kafka';
import { launchOf } from '@subledger/testing';

const ROOT = join(import.meta.dirname, '../../..');
const PARTITIONS = 12;

export interface BenchEnvironment {
  readonly databaseUrl: string;
  readonly kafka: KafkaConfig;
  readonly partitions: number;
  /** A pool on a PostgreSQL schema of its own or of a service. */
  pool(schema: string): ReturnType<typeof createPool>;
  /** Starts a built service and waits until it says that it is ready. */
  startService(name: string, env?: Record<string, string>): Promise<RunningService>;
  stop(): Promise<void>;
}

interface RunningService {
  readonly pid: number;
  /** Highest resident memory so far, in MB; NaN where the system does not tell. */
  peakMemoryMb(): Promise<number>;
  stop(): Promise<void>;
}

/** Fresh servers with fsync on (or the ones of DATABASE_URL and KAFKA_BROKERS), migrated, with topics. */
export async function startEnvironment(services: readonly string[]): Promise<BenchEnvironment> {
  const home = await mkdtemp(join(tmpdir(), 'subledger-bench-'));
  const stack = await startStack({ home, durable: true, log: (line) => console.error(line) });
  const { databaseUrl } = stack;
  const kafka: KafkaConfig = { brokers: stack.kafkaBrokers.split(','), clientId: 'bench' };
  for (const name of services) {
    const folder = join(ROOT, 'services', name, 'prisma');
    await migrate({
      databaseUrl,
      schema: name,
      migrationsDir: join(folder, 'migrations'),
      schemaFile: join(folder, 'schema.prisma'),
    });
  }
  await ensureTopics(
    kafka,
    topicSettings(PARTITIONS).map((topic) => ({
      ...topic,
      config: { ...topic.config },
      replicationFactor: 1,
    })),
  );
  const pools: ReturnType<typeof createPool>[] = [];
  const running: RunningService[] = [];
  return {
    databaseUrl,
    kafka,
    partitions: PARTITIONS,
    pool(schema) {
      const pool = createPool({
        url: databaseUrl,
        schema,
        applicationName: 'bench',
        max: 2,
        statementTimeoutMs: 600_000,
      });
      pools.push(pool);
      return pool;
    },
    async startService(name, env = {}) {
      const service = await startService(name, {
        DATABASE_URL: databaseUrl,
        KAFKA_BROKERS: stack.kafkaBrokers,
        ...env,
      });
      running.push(service);
      return service;
    },
    async stop() {
      for (const service of running) await service.stop();
      for (const pool of pools) await pool.end();
      await stack.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const READY_WITHIN_MS = 60_000;

async function startService(name: string, env: Record<string, string>): Promise<RunningService> {
  const launch = launchOf(name);
  // SERVICE_NODE_ARGS reaches the measured services alone: profiles, heap limits.
  const nodeArgs = (process.env.SERVICE_NODE_ARGS ?? '').split(' ').filter(Boolean);
  const child = spawn(
    process.execPath,
    [...launch.nodeArgs, ...nodeArgs, join(ROOT, 'services', name, 'dist/main.js')],
    {
      env: {
        ...launch.env,
        ...process.env,
        NODE_ENV: 'development',
        LOG_LEVEL: 'warn',
        OPS_PORT: '0',
        ...env,
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} was not ready within ${READY_WITHIN_MS} ms`)),
      READY_WITHIN_MS,
    );
    child.on('message', (message: { type?: string }) => {
      if (message.type !== 'ready') return;
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with code ${code} before it was ready`)));
  });
  const pid = child.pid as number;
  return {
    pid,
    async peakMemoryMb() {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1_024;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
