import { describe, expect, it } from '@jest/globals';
import type { ApiKey } from '../generated/prisma/client.js';
import { KnownKeys } from './known-keys.js';

const ROW = { id: 'ak_1' } as ApiKey;

function setUp() {
  const stored = new Map([['a', ROW]]);
  const gates: (() => void)[] = [];
  let reads = 0;
  const keys = new KnownKeys((keyHash) => {
    reads += 1;
    const row = stored.get(keyHash) ?? null;
    return new Promise((resolve) => gates.push(() => resolve(row)));
  });
  const answer = async (asked: Promise<ApiKey | undefined>) => {
    for (const open of gates.splice(0)) open();
    return asked;
  };
  return { keys, stored, answer, reads: () => reads };
}

describe('KnownKeys', () => {
  it('reads a key once for many requests', async () => {
    const { keys, answer, reads } = setUp();
    expect(await answer(keys.find('a'))).toBe(ROW);
    expect(await keys.find('a')).toBe(ROW);
    expect(reads()).toBe(1);
  });

  it('looks again for one that it did not find', async () => {
    const { keys, stored, answer } = setUp();
    expect(await answer(keys.find('b'))).toBeUndefined();
    stored.set('b', ROW);
    expect(await answer(keys.find('b'))).toBe(ROW);
  });

  it('forgets a revoked one, also during its read', async () => {
    const { keys, stored, answer } = setUp();
    const before = keys.find('a');
    stored.delete('a');
    keys.forget('a');
    expect(await answer(before)).toBe(ROW);
    expect(await answer(keys.find('a'))).toBeUndefined();
    stored.set('a', ROW);
    await answer(keys.find('a'));
    stored.delete('a');
    keys.forget('a');
    expect(await answer(keys.find('a'))).toBeUndefined();
  });
});
