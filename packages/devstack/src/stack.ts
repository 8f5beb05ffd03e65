import { resolve } from 'node:path';
import { assertListening, parseBrokers, parseDatabaseUrl } from './existing-server.js';
import { openHome } from './home.js';
import { lockHome } from './home-lock.js';
import { startKafka as startKafkaServer } from './kafka.js';
import { OrphanGuard } from './orphan-guard.js';
import { portFromEnv } from './ports.js';
import { startPostgres as startPostgresServer } from './postgres.js';
import type { ServerProcess } from './server-process.js';

export interface StackOptions {
  /** Data folder; made when it is not there. One stack at a time. */
  readonly home: string;
  /** Default: POSTGRES_PORT, else the previous one, else any that is free. */
  readonly postgresPort?: number | undefined;
  /** Default: KAFKA_PORT, else the previous one, else any that is free. */
  readonly kafkaPort?: number | undefined;
  /** False: PostgreSQL without fsync, for tests. Default true. */
  readonly durable?: boolean | undefined;
  /** More PostgreSQL settings, for benchmarks. */
  readonly postgresSettings?: Readonly<Record<string, string>> | undefined;
  /** Kafka's Java options instead of the small default; also KAFKA_JAVA_OPTS, separated by spaces. */
  readonly kafkaJavaOpts?: readonly string[] | undefined;
  /** Runs after the home is locked and before anything starts: a refused start must not change anything in it. */
  readonly whenLocked?: (() => Promise<void>) | undefined;
  /** Told what takes long. Default: silent. */
  readonly log?: ((line: string) => void) | undefined;
  /** Where DATABASE_URL, KAFKA_BROKERS and the ports are read from. Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** A server that stopped though nobody asked it to. */
export interface UnexpectedExit {
  readonly name: 'PostgreSQL' | 'Kafka';
  /** `exit code 1` or a signal's name. */
  readonly how: string;
}

export interface Stack {
  readonly databaseUrl: string;
  /** `host:port`, or several, separated by commas. */
  readonly kafkaBrokers: string;
  /** Resolves when a server that we started stops by itself. */
  readonly failed: Promise<UnexpectedExit>;
  /** Stops what was started here, Kafka first. At most 45 s; may be called more than once. */
  stop(): Promise<void>;
}

type Only = 'postgres' | 'kafka';

/**
 * PostgreSQL and Kafka for development and tests: the ones that DATABASE_URL and KAFKA_BROKERS name where
 * they are set, else started here, on 127.0.0.1, with their data in `home`.
 *
 * @throws DevstackError with the remedy: the home is in use, a port is, Java or Maven is missing, a server
 *   does not start or, if it is not ours, does not answer. What was started by then is stopped.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  return start(options, ['postgres', 'kafka']);
}

/** As `startStack`, PostgreSQL alone. */
export async function startPostgres(options: StackOptions): Promise<Omit<Stack, 'kafkaBrokers'>> {
  return start(options, ['postgres']);
}

/** As `startStack`, Kafka alone. */
export async function startKafka(options: StackOptions): Promise<Omit<Stack, 'databaseUrl'>> {
  return start(options, ['kafka']);
}

async function start(options: StackOptions, only: readonly Only[]): Promise<Stack> {
  const env = options.env ?? process.env;
  const existing = await existingServers(env, only);
  const needed = only.filter((one) => existing[one] === undefined);

  const home = resolve(options.home);
  const lock = await lockHome(home);
  const guard = new OrphanGuard();
  const servers: { name: UnexpectedExit['name']; server: ServerProcess }[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= stopAll(servers.map(({ server }) => server).reverse()).finally(async () => {
      guard.dismiss();
      await lock.release();
    });
    return stopping;
  };
  try {
    await options.whenLocked?.();
    const started = await startServers({ ...options, home, env }, needed, guard, servers);
    // Without servers of ours it never resolves.
    const failed = Promise.race(
      servers.map(async ({ name, server }): Promise<UnexpectedExit> => {
        const how = await server.exited;
        return stopping === undefined ? { name, how } : new Promise(() => {});
      }),
    );
    return { ...urls({ ...existing, ...started }), failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Urls = { readonly [K in Only]?: string | undefined };

function urls({ postgres, kafka }: Urls): { databaseUrl: string; kafkaBrokers: string } {
  return { databaseUrl: postgres ?? '', kafkaBrokers: kafka ?? '' };
}

async function existingServers(env: NodeJS.ProcessEnv, only: readonly Only[]): Promise<Urls> {
  const postgres = only.includes('postgres') ? env.DATABASE_URL || undefined : undefined;
  const kafka = only.includes('kafka') ? env.KAFKA_BROKERS || undefined : undefined;
  await Promise.all([
    postgres === undefined ? undefined : assertListening('DATABASE_URL', [parseDatabaseUrl(postgres)]),
    kafka === undefined ? undefined : assertListening('KAFKA_BROKERS', parseBrokers(kafka)),
  ]);
  return { postgres, kafka };
}

async function startServers(
  options: StackOptions & { readonly env: NodeJS.ProcessEnv },
  needed: readonly Only[],
  guard: OrphanGuard,
  servers: { name: UnexpectedExit['name']; server: ServerProcess }[],
): Promise<Urls> {
  const { env } = options;
  const log = options.log ?? (() => {});
  const paths = await openHome(options.home);
  const startings = {
    postgres: async () => {
      const port = options.postgresPort ?? portFromEnv('POSTGRES_PORT', env);
      const running = await startPostgresServer({
        paths,
        guard,
        port,
        durable: options.durable,
        settings: options.postgresSettings,
      });
      servers.push({ name: 'PostgreSQL', server: running.server });
      return running.databaseUrl;
    },
    kafka: async () => {
      const port = options.kafkaPort ?? portFromEnv('KAFKA_PORT', env);
      const javaOpts = options.kafkaJavaOpts ?? env.KAFKA_JAVA_OPTS?.split(' ').filter((opt) => opt !== '');
      const running = await startKafkaServer({ paths, guard, log, port, javaOpts });
      servers.push({ name: 'Kafka', server: running.server });
      return running.kafkaBrokers;
    },
  };
  // Both at once. If one fails, this waits until the other is up or has failed too, so that it can be stopped.
  const results = await Promise.allSettled(needed.map(async (one) => [one, await startings[one]()] as const));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return Object.fromEntries(
    results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
  );
}

/** All of them, also when one does not stop; then the first problem is thrown. */
async function stopAll(servers: readonly ServerProcess[]): Promise<void> {
  const results = await Promise.allSettled(servers.map((server) => server.stop()));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
