import { cpus } from 'node:os';
import { benchLedger } from './ledger.js';

/** `npm run bench -- <name>`: each prints one JSON line with its figures and the same-run floor. */
const BENCHES: Record<string, () => Promise<Record<string, unknown>>> = { ledger: () => benchLedger() };

const name = process.argv[2] ?? '';
const bench = BENCHES[name];
if (!bench) {
  console.error(`npm run bench -- <name>, one of: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
const figures = await bench();
console.log(JSON.stringify({ ...figures, cpus: cpus().length, node: process.version }));
