/**
 * `node scripts/turbo.mjs run build …`: Turborepo without its notices (telemetry, updates) and its summary of tasks.
 * What a failed task printed is shown; a task that takes longer than a moment is announced.
 */
import { spawn } from 'node:child_process';

const ANNOUNCE_AFTER_MS = 1_500;

const args = process.argv.slice(2);
const child = spawn('node_modules/.bin/turbo', [...args, '--output-logs=errors-only'], {
  stdio: ['inherit', 'pipe', 'pipe'],
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1', DO_NOT_TRACK: '1' },
});
// On standard error: standard output belongs to the command that comes next (`npm run bench` prints JSON).
const tasks = args.filter((arg) => arg !== 'run' && !arg.startsWith('-')).join(', ');
const timer = setTimeout(() => console.error(`Turborepo: ${tasks} …`), ANNOUNCE_AFTER_MS);
const output = [];
for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk));
child.on('error', (error) => {
  clearTimeout(timer);
  console.error(`Turborepo does not run (${error.message}). Run npm ci.`);
  process.exitCode = 1;
});
child.on('close', (code, signal) => {
  clearTimeout(timer);
  if (code === 0) return;
  process.stderr.write(Buffer.concat(output));
  process.exitCode = signal === null ? code : 1;
});
