import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { reachableCopy } from './postgres-copy.js';

let folder: string;
let files: string;
let cache: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'subledger-copy-'));
  files = join(folder, 'native');
  cache = join(folder, 'cache');
  await mkdir(join(files, 'bin'), { recursive: true, mode: 0o700 });
  await mkdir(join(files, 'lib'), { mode: 0o700 });
  await writeFile(join(files, 'bin/postgres'), 'program', { mode: 0o700 });
  await writeFile(join(files, 'lib/libpq.so.5.18'), 'library', { mode: 0o600 });
  await symlink('libpq.so.5.18', join(files, 'lib/libpq.so.5'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('everybody may read and run the copy, and its owner alone may write to it', async () => {
  const copy = await reachableCopy(files, '18-test', cache);
  expect(copy).toBe(join(cache, 'postgres-18-test'));
  expect(
    await Promise.all(['', 'bin', 'lib', 'bin/postgres'].map((path) => modeOf(join(copy, path)))),
  ).toEqual([0o755, 0o755, 0o755, 0o755]);
  expect(await modeOf(join(copy, 'lib/libpq.so.5.18'))).toBe(0o644);
  expect(await readFile(join(copy, 'lib/libpq.so.5'), 'utf8')).toBe('library');
});

test('a copy that is there is used, and several at once make one', async () => {
  const copies = await Promise.all([1, 2, 3].map(() => reachableCopy(files, '18-test', cache)));
  expect(new Set(copies).size).toBe(1);
  expect(await readdir(cache)).toEqual(['postgres-18-test']);
  await writeFile(join(files, 'bin/postgres'), 'another program');
  const copy = await reachableCopy(files, '18-test', cache);
  expect(await readFile(join(copy, 'bin/postgres'), 'utf8')).toBe('program');
});

test.each(['', 'postgres-18-test'])('a cache whose "%s" others may write to is not trusted', async (path) => {
  await reachableCopy(files, '18-test', cache);
  await chmod(join(cache, path), 0o777);
  await expect(reachableCopy(files, '18-test', cache)).rejects.toThrow(/can be written by others.*Remove it/);
});

test('a cache that cannot be made is an error with a remedy', async () => {
  await writeFile(cache, 'a file in the way');
  await expect(reachableCopy(files, '18-test', cache)).rejects.toThrow(
    /another user than root.*DATABASE_URL/,
  );
});
