/**
 * All specs as one: a mutant costs one loading of the modules, not one per file. The simulation comes last, for
 * those that the tables let live.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';

const src = join(import.meta.dirname, '../src');
const rank = (path) => (path.includes('simulation') ? 1 : 0);
const specs = globSync('**/*.spec.ts', { cwd: src }).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
for (const path of specs) await import(join(src, path));
