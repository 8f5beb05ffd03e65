/**
 * `npm run lint:api`: the committed OpenAPI document by Redocly's recommended rules and Spectral's `spectral:oas`,
 * without any exception. A warning fails, too.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DOCUMENT = 'services/gateway/openapi.json';
// Linting is done here: nothing is told to anybody, and nobody is asked for a newer version.
const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

const folder = await mkdtemp(join(tmpdir(), 'subledger-lint-'));
try {
  const ruleset = join(folder, 'ruleset.json');
  await writeFile(ruleset, JSON.stringify({ extends: ['spectral:oas'] }));
  const redocly = run('redocly', ['lint', '--extends=recommended', '--format=json', DOCUMENT]);
  const found = redocly.stdout.trim() === '' ? null : JSON.parse(redocly.stdout);
  const isClean = redocly.status === 0 && found?.totals.errors === 0 && found.totals.warnings === 0;
  report('Redocly, recommended', isClean, JSON.stringify(found?.problems ?? redocly.stderr, null, 1));
  const spectral = run('spectral', ['lint', '--ruleset', ruleset, '--fail-severity=hint', DOCUMENT]);
  report('Spectral, spectral:oas', spectral.status === 0, spectral.stdout + spectral.stderr);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** With our own Node: Redocly warns on one that is too old. */
function run(command, args) {
  const options = { encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024 };
  return spawnSync(`node_modules/.bin/${command}`, args, options);
}

function report(name, ok, text) {
  if (!ok) {
    console.error(text);
    process.exitCode = 1;
  }
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name}`);
}
