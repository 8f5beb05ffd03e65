/** `npm run check`: format, lint, types, import boundaries, dead code, generated files up to date. */
import { spawnSync } from 'node:child_process';

const GENERATED = [
  'packages/contracts/schemas',
  'packages/contracts/asyncapi.json',
  'services/gateway/openapi.json',
];

const steps = [
  ['format, lint and boundaries', 'biome', ['ci', '--error-on-warnings', '.']],
  ['types', 'node', ['scripts/turbo.mjs', 'run', 'check:types', 'build']],
  ['private members', 'node', ['scripts/lint/private-members.mjs']],
  ['places named by the README', 'node', ['scripts/lint/readme-places.mjs']],
  ['thrown errors are documented', 'node', ['scripts/lint/throws-are-documented.mjs']],
  ['dead code', 'knip', ['--no-progress']],
  ['generated files', 'node', ['scripts/turbo.mjs', 'run', 'generate:files']],
];

let failed = 0;
for (const [name, command, args] of steps) {
  const started = performance.now();
  const { status } = spawnSync(`node_modules/.bin/${command}`, args, { stdio: 'inherit' });
  report(name, status === 0, started);
}
const started = performance.now();
const dirty = spawnSync('git', ['status', '--porcelain', '--', ...GENERATED], {
  encoding: 'utf8',
}).stdout.trim();
report('generated files are committed', dirty === '', started);
if (dirty) console.error(`These were out of date and have been written again; commit them:\n${dirty}`);
// After the generation: it reads what was generated.
const linted = performance.now();
report(
  'API document',
  spawnSync('npm', ['run', '--silent', 'lint:api'], { stdio: 'inherit' }).status === 0,
  linted,
);
process.exitCode = failed > 0 ? 1 : 0;

function report(name, ok, since) {
  if (!ok) failed += 1;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${((performance.now() - since) / 1_000).toFixed(1)} s)`);
}
