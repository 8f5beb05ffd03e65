import { runJob } from './cli/run-job.js';

const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => abort.abort(new Error(signal)));

process.exitCode = await runJob({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  signal: abort.signal,
  print: (line) => console.log(line),
  printError: (line) => console.error(line),
});
