import { availableParallelism } from 'node:os';
import { parseOptions } from '@node-rs/argon2';
import { Piscina } from 'piscina';
import { ConcurrencyLimiter } from '../request/concurrency-limiter.js';
import { OPTIONS, type VerifyTask } from './hash-worker.js';

/** Threads of the whole process. If there are more than two cores, one stays free. */
const THREADS = availableParallelism() > 2 ? 2 : 1;

/**
 * Hashing is slow on purpose, and occupies a core. So it runs in its own threads with lower priority than everything
 * else. With one hash at a time in Node's thread pool on two cores, the p99 of reads beside the maximum rate of
 * logins was seven times as high (docs/performance.md).
 */
const threads = new Piscina<string | VerifyTask, string | boolean>({
  // Suites run the sources, but a thread runs the built file.
  filename: new URL('../../dist/access/hash-worker.js', import.meta.url).href,
  minThreads: 0,
  maxThreads: THREADS,
  idleTimeout: 30_000,
  niceIncrement: 15,
});

/** The longest wait is about half a second, if nothing else needs the core. */
const limiter = new ConcurrencyLimiter({ running: THREADS, waiting: 40 });

/** @throws ProblemError `too-many-requests` while too many passwords are waiting */
export const hashPassword = (password: string): Promise<string> =>
  limiter.take(() => threads.run(password.normalize('NFC'), { name: 'hash' })) as Promise<string>;

/** Whether a hash was made with outdated parameters. The next login then makes it anew. */
export function isOutdated(stored: string): boolean {
  const { algorithm, memoryCost, timeCost, parallelism } = parseOptions(stored);
  return (
    algorithm !== OPTIONS.algorithm ||
    memoryCost !== OPTIONS.memoryCost ||
    timeCost !== OPTIONS.timeCost ||
    parallelism !== OPTIONS.parallelism
  );
}

/**
 * @param goesFirst before all waiting ones
 * @throws ProblemError `too-many-requests` while too many passwords are waiting
 */
export const verifyPassword = (stored: string, password: string, goesFirst = false): Promise<boolean> =>
  limiter.take(
    () => threads.run({ stored, password: password.normalize('NFC') }, { name: 'verify' }),
    goesFirst,
  ) as Promise<boolean>;
