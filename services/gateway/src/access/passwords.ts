import { availableParallelism } from 'node:os';
import { parseOptions } from '@node-rs/argon2';
import { Piscina } from 'piscina';
import { ConcurrencyLimiter } from '../request/concurrency-limiter.js';
import { OPTIONS, type VerifyTask } from './hash-worker.js';

/** Of the whole process. A core stays free, where there are more. */
const THREADS = availableParallelism() > 2 ? 2 : 1;

/**
 * Hashing takes a core for as long as it takes, on purpose. So it has threads of its own, and those are nicer than
 * everything else: on two cores, reads beside logins at their limit were seven times as slow at their p99 with one hash
 * at a time on Node's thread pool (docs/performance.md).
 */
const threads = new Piscina<string | VerifyTask, string | boolean>({
  // Also for suites, which run the sources: a thread runs what was built.
  filename: new URL('../../dist/access/hash-worker.js', import.meta.url).href,
  minThreads: 0,
  maxThreads: THREADS,
  idleTimeout: 30_000,
  niceIncrement: 15,
});

/** Who waits longest waits about half a second, where nothing else wants the core. */
const turns = new ConcurrencyLimiter({ running: THREADS, waiting: 40 });

/** @throws ProblemError `too-many-requests` while too many others are being hashed */
export const hashPassword = (password: string): Promise<string> =>
  turns.take(() => threads.run(password.normalize('NFC'), { name: 'hash' })) as Promise<string>;

/** Whether a hash was made with other parameters than today's: the next login makes it anew. */
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
 * @param goesFirst before all who are waiting
 * @throws ProblemError `too-many-requests` while too many others are being hashed
 */
export const verifyPassword = (stored: string, password: string, goesFirst = false): Promise<boolean> =>
  turns.take(
    () => threads.run({ stored, password: password.normalize('NFC') }, { name: 'verify' }),
    goesFirst,
  ) as Promise<boolean>;
