/**
 * The whole suite: pure specs, then those on real PostgreSQL and Kafka, then the built services as processes, then
 * some of those again with two gateways by turns.
 * `npm test` runs all; `npm test -- unit int` some of them; `npm test -- int -- lanes` only matching files.
 * The last line is `N passed, N failed`, from Jest's own counts.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PHASES = [
  { name: 'unit', servers: false, args: ['--maxWorkers=2', '--testTimeout=60000'] },
  { name: 'int', servers: true, args: ['--maxWorkers=2', '--testTimeout=120000'] },
  { name: 'e2e', servers: true, args: ['--runInBand', '--testTimeout=300000'] },
  {
    // What customers and the SMS service see must not depend on which gateway they reach.
    name: 'gateways',
    project: 'e2e',
    servers: true,
    args: ['--runInBand', '--testTimeout=300000'],
    env: { TEST_GATEWAYS: '2' },
    files: ['test/e2e/story', 'test/e2e/readme-tour', 'test/e2e/upstream\\.'],
  },
];

const [wanted, files] = splitArguments(process.argv.slice(2));
const phases = PHASES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const folder = await mkdtemp(join(tmpdir(), 'subledger-report-'));
let servers;
let passed = 0;
let failed = 0;
const notRun = [];
try {
  for (const phase of phases) {
    if (phase.servers) servers ??= await startServers();
    const counts = await jest(phase);
    passed += counts.passed;
    failed += counts.failed;
    notRun.push(...counts.notRun);
  }
} finally {
  await servers?.stop();
  await rm(folder, { recursive: true, force: true });
}
if (notRun.length > 0) console.log(`\nNot run (see “Programs” in CONTRIBUTING.md):\n${notRun.join('\n')}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function splitArguments(all) {
  const at = all.indexOf('--');
  return at < 0 ? [all, []] : [all.slice(0, at), all.slice(at + 1)];
}

/** The same servers for every phase; the suites read their addresses from the environment. */
async function startServers() {
  const { startTestServers } = await import('../packages/devstack/dist/index.js');
  const started = await startTestServers();
  process.env.TEST_DATABASE_URL = started.databaseUrl;
  process.env.TEST_KAFKA_BROKERS = started.kafkaBrokers;
  return started;
}

async function jest(phase) {
  const report = join(folder, `${phase.name}.json`);
  const patterns = files.length > 0 ? files : (phase.files ?? []);
  const args = [
    '--selectProjects',
    phase.project ?? phase.name,
    '--passWithNoTests',
    '--json',
    `--outputFile=${report}`,
    ...phase.args,
  ];
  if (patterns.length > 0) args.push('--testPathPatterns', ...patterns);
  const code = await new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...args],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, ...phase.env },
      },
    );
    child.on('error', reject);
    child.on('exit', resolve);
  });
  return countsOf(report, code);
}

/** A suite that could not run counts as one failure; so does a Jest that ended without a report. */
async function countsOf(report, code) {
  const text = await readFile(report, 'utf8').catch(() => null);
  if (text === null) return { passed: 0, failed: 1, notRun: [] };
  const result = JSON.parse(text);
  const broken = result.numFailedTests + result.numRuntimeErrorTestSuites;
  const notRun = result.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'pending')
    .map(({ fullName }) => `  ${fullName}`);
  return { passed: result.numPassedTests, failed: broken === 0 && code !== 0 ? 1 : broken, notRun };
}
