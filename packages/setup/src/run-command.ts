import { runSetup } from './run-setup.js';

process.exitCode = await runSetup({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  print: (line) => console.log(line),
  printError: (line) => console.error(line),
});
