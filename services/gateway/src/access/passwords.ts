import { availableParallelism } from 'node:os';
import { Algorithm, hash, parseOptions, verify } from '@node-rs/argon2';
import { Turns } from './turns.js';

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane. Runs on the thread pool, off the event loop. */
const OPTIONS = {
  algorithm: 2 satisfies Algorithm.Argon2id,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
};

/**
 * Of the whole process, as the thread pool is: two of its four threads stay free for everything else, and who waits
 * longest waits about half a second. A core stays free, too: on two, two hashes at a time made reads sixteen times as
 * slow at their p99 (docs/performance.md).
 */
const turns = new Turns({ running: availableParallelism() > 2 ? 2 : 1, waiting: 40 });

/** @throws ProblemError `too-many-requests` while too many others are being hashed */
export const hashPassword = (password: string): Promise<string> =>
  turns.take(() => hash(password.normalize('NFC'), OPTIONS));

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

/** @throws ProblemError `too-many-requests` while too many others are being hashed */
export const verifyPassword = (stored: string, password: string): Promise<boolean> =>
  turns.take(() => verify(stored, password.normalize('NFC')));
