import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holderOf } from './home-lock.js';
import { startStack, type UnexpectedExit } from './stack.js';

const PREFIX = 'subledger-test-';
const STALE_AFTER_MS = 3_600_000;

export interface TestServers {
  readonly databaseUrl: string;
  readonly kafkaBrokers: string;
  /** Resolves when one of them stops by itself. */
  readonly failed: Promise<UnexpectedExit>;
  stop(): Promise<void>;
}

/**
 * Servers for a test run: the ones that TEST_DATABASE_URL and TEST_KAFKA_BROKERS name, and for what they
 * do not name, new ones in a temporary folder, without fsync, gone at the end. DATABASE_URL and
 * KAFKA_BROKERS are not looked at: tests never write where a developer works.
 */
export async function startTestServers(env: NodeJS.ProcessEnv = process.env): Promise<TestServers> {
  await removeStaleHomes();
  const home = await mkdtemp(join(tmpdir(), PREFIX));
  const remove = (): Promise<void> => rm(home, { recursive: true, force: true, maxRetries: 3 });
  try {
    const stack = await startStack({
      home,
      durable: false,
      log: (line) => console.error(line),
      env: {
        DATABASE_URL: env.TEST_DATABASE_URL,
        KAFKA_BROKERS: env.TEST_KAFKA_BROKERS,
        KAFKA_JAVA_OPTS: env.KAFKA_JAVA_OPTS,
      },
    });
    const { databaseUrl, kafkaBrokers, failed } = stack;
    return {
      databaseUrl,
      kafkaBrokers,
      failed,
      stop: async () => {
        await stack.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Deletes the folders of killed runs. The guard has stopped their servers. */
async function removeStaleHomes(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue;
    const home = join(tmpdir(), name);
    try {
      const { mtimeMs } = await stat(home);
      // A young folder may belong to a run that has not locked it yet.
      if (Date.now() - mtimeMs < STALE_AFTER_MS || (await holderOf(home)) !== undefined) continue;
      await rm(home, { recursive: true, force: true });
    } catch {
      // It belongs to another user, or has just been deleted: nothing to report.
    }
  }
}
