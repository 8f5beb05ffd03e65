import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicSettings } from '@subledger/contracts';
import { createPool, migrate } from '@subledger/database';
import { type Stack, startStack } from '@subledger/devstack';
import { ensureTopics, type KafkaConfig } from '@subledger/kafka';
import { prismaFolder } from '@subledger/service-kit/installed-services';
import type { Pool } from 'pg';
import { type RunningService, startProcess, startService } from './service-process.js';
import { PARTITIONS } from './settings.js';

export interface BenchEnvironment {
  readonly kafka: KafkaConfig;
  readonly databaseUrl: string;
  readonly partitions: number;
  /** On the ledger's schema. */
  readonly pool: Pool;
  /** Starts the built ledger and waits until it is ready. */
  startLedger(env?: Readonly<Record<string, string>>): Promise<RunningService>;
  /** Starts the built gateway; `OPERATOR_KEY` and `UPSTREAM_KEY` are its keys. */
  startGateway(env?: Readonly<Record<string, string>>): Promise<RunningService>;
  /** Starts another part of this benchmark in its own process, by its name in `cli.ts`. */
  startPart(name: string): Promise<RunningService>;
  /** Another ledger's database and topics on the same servers. Stop it before the original. */
  another(name: string): Promise<BenchEnvironment>;
  stop(): Promise<void>;
}

export interface EnvironmentOptions {
  /** Additional `postgresql.conf` settings. They have no effect on the server of DATABASE_URL. */
  readonly postgresSettings?: Readonly<Record<string, string>>;
}

/** Of the measured gateway. */
export const OPERATOR_KEY = 'operator-key-of-the-benchmarks-0123456789';
export const UPSTREAM_KEY = `upstream-${OPERATOR_KEY}`;
/** Filling large tables takes its time. */
const STATEMENT_TIMEOUT_MS = 1_800_000;

/** Where the gateway's API is. */
export const addressOf = ({ ports }: RunningService): string => `http://127.0.0.1:${ports.gateway}`;

/** Fresh servers with fsync on (or the ones of DATABASE_URL and KAFKA_BROKERS), the ledger's tables and topics. */
export async function startEnvironment(options: EnvironmentOptions = {}): Promise<BenchEnvironment> {
  const home = await mkdtemp(join(tmpdir(), 'subledger-bench-'));
  const removeHome = () => rm(home, { recursive: true, force: true });
  const log = (line: string) => console.error(line);
  const stack = await startStack({ home, durable: true, log, kafkaJavaOpts: javaOpts(), ...options }).catch(
    async (error: unknown) => {
      await removeHome();
      throw error;
    },
  );
  const stop = async () => {
    await stack.stop();
    await removeHome();
  };
  stopOnSignals(stop);
  return open({ stack, databaseUrl: stack.databaseUrl, topicPrefix: '', release: stop });
}

/** Ctrl-C leaves no servers or folders behind. The measured processes end with this one. */
function stopOnSignals(stop: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.error(`${signal}: stopping the servers`);
      void stop().finally(() => process.exit(130));
    });
  }
}

interface Place {
  readonly stack: Stack;
  readonly databaseUrl: string;
  readonly topicPrefix: string;
  /** Removes the database and the topics. */
  readonly release: () => Promise<void>;
}

async function open(place: Place): Promise<BenchEnvironment> {
  const { stack, databaseUrl: url, topicPrefix, release } = place;
  const kafka: KafkaConfig = { brokers: stack.kafkaBrokers.split(','), clientId: 'bench', topicPrefix };
  const env = { DATABASE_URL: url, KAFKA_BROKERS: stack.kafkaBrokers, KAFKA_TOPIC_PREFIX: topicPrefix };
  const running: RunningService[] = [];
  const keep = (service: RunningService) => {
    running.push(service);
    return service;
  };
  let pool: Pool | undefined;
  const stop = async () => {
    for (const service of running.splice(0)) await service.stop();
    await pool?.end();
    await release();
  };
  try {
    await prepare(url, kafka);
  } catch (error) {
    await stop();
    throw error;
  }
  const applicationName = 'bench';
  const statementTimeoutMs = STATEMENT_TIMEOUT_MS;
  pool = createPool({ url, schema: 'ledger', applicationName, max: 2, statementTimeoutMs });
  const partArgs = (name: string) => [process.argv[1] as string, name];
  return {
    kafka,
    databaseUrl: url,
    partitions: PARTITIONS,
    pool,
    startLedger: async (more = {}) => keep(await startService('ledger', { ...env, ...more })),
    startGateway: async (more = {}) =>
      keep(
        await startService('gateway', {
          ...env,
          GATEWAY_PORT: '0',
          OPERATOR_API_KEY: OPERATOR_KEY,
          UPSTREAM_API_KEY: UPSTREAM_KEY,
          // One client sends the requests of all customers.
          RATE_LIMIT_ADDRESS: '0',
          RATE_LIMIT_CUSTOMER: '0',
          RATE_LIMIT_MAIN_ACCOUNT: '0',
          RATE_LIMIT_OPERATOR: '0',
          ...more,
        }),
      ),
    startPart: async (name) => keep(await startProcess(name, partArgs(name), env)),
    another: (name) => another(place, name),
    stop,
  };
}

async function another({ stack, databaseUrl }: Place, name: string): Promise<BenchEnvironment> {
  const database = `bench_${name}`;
  const own = new URL(databaseUrl);
  own.pathname = `/${database}`;
  const drop = `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`;
  await administer(databaseUrl, drop, `CREATE DATABASE ${database}`);
  return open({
    stack,
    databaseUrl: own.href,
    topicPrefix: `${name}.`,
    release: () => administer(databaseUrl, drop),
  });
}

async function administer(url: string, ...statements: string[]): Promise<void> {
  const pool = createPool({ url, schema: 'public', applicationName: 'bench', max: 1 });
  try {
    for (const statement of statements) await pool.query(statement);
  } finally {
    await pool.end();
  }
}

async function prepare(databaseUrl: string, kafka: KafkaConfig): Promise<void> {
  for (const schema of ['ledger', 'gateway'] as const) {
    const folder = prismaFolder(schema);
    const migrationsDir = join(folder, 'migrations');
    await migrate({ databaseUrl, schema, migrationsDir, schemaFile: join(folder, 'schema.prisma') });
  }
  const topics = topicSettings(PARTITIONS);
  await ensureTopics(
    kafka,
    topics.map((topic) => ({ ...topic, config: { ...topic.config }, replicationFactor: 1 })),
  );
}

/**
 * A broker with production settings and both of Java's compilers. The devstack's own setting starts fast, with the
 * first compiler only.
 */
const javaOpts = (): readonly string[] =>
  process.env.KAFKA_JAVA_OPTS?.split(' ') ?? ['-Xmx512m', '-XX:+UseSerialGC'];
