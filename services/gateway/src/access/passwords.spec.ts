import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { hash } from '@node-rs/argon2';
import { hashPassword, isOutdated, verifyPassword } from './passwords.js';

const TODAY = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

describe('passwords', () => {
  test('are argon2id with at least the memory and passes that OWASP recommends', async () => {
    const stored = await hashPassword('correct horse');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(isOutdated(stored)).toBe(false);
    expect(await hashPassword('correct horse')).not.toBe(stored);
  });

  test.each([
    ['less memory', { ...TODAY, memoryCost: 8_192 }],
    ['one pass', { ...TODAY, timeCost: 1 }],
    ['more lanes', { ...TODAY, parallelism: 2 }],
    ['argon2i', { ...TODAY, algorithm: 1 }],
    ['more memory', { ...TODAY, memoryCost: 32_768 }],
  ])('a hash with %s is outdated, and still right', async (_name, options) => {
    const stored = await hash('correct horse', options);
    expect(isOutdated(stored)).toBe(true);
    expect(await verifyPassword(stored, 'correct horse')).toBe(true);
    expect(await verifyPassword(stored, 'wrong horse')).toBe(false);
  });

  test('are the same in every way to write them in Unicode', async () => {
    expect(await verifyPassword(await hashPassword('caf\u00e9 1234'), 'cafe\u0301 1234')).toBe(true);
  });

  const THREADS = '/proc/self/task';
  /** The 19th field of proc_pid_stat(5); the second one, in brackets, may have spaces. */
  const nicenessOf = (stat: string) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  (existsSync(THREADS) ? test : test.skip)(
    'are hashed in a thread that everything else goes before',
    async () => {
      await hashPassword('correct horse');
      const niceness = readdirSync(THREADS).map((id) =>
        nicenessOf(readFileSync(`${THREADS}/${id}/stat`, 'utf8')),
      );
      const own = nicenessOf(readFileSync('/proc/self/stat', 'utf8'));
      expect(niceness).toContain(Math.min(own + 15, 19));
    },
  );
});
