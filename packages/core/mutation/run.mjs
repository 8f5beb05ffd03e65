/**
 * `npm run mutation`: breaks the rules in a thousand small ways and counts which breaks the specs notice
 * (docs/mutation-testing.md). `npm run mutation -- src/draft.ts` breaks only that file; several may be named.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stryker } from '@stryker-mutator/core';

const core = join(import.meta.dirname, '..');
process.chdir(core);
const files = process.argv.slice(2);
// Outside of the repository, where a Jest of another terminal would find the copies of the specs. Their packages
// are found through the link.
const folder = mkdtempSync(join(tmpdir(), 'subledger-mutation-'));
symlinkSync(join(core, '../../node_modules'), join(folder, 'node_modules'), 'junction');
// The simulation: fewer runs than in `npm test`, and no search for the shortest failing one.
process.env.RUNS = '60';
process.env.END_ON_FAILURE = '1';
// At the end, and after Ctrl-C.
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
await new Stryker({
  configFile: join(core, 'stryker.config.mjs'),
  tempDirName: join(folder, 'copies'),
  ...(files.length > 0 ? { mutate: files, thresholds: { break: null } } : {}),
}).runMutationTest();
