import '@subledger/service-kit/require-node';

const { runOperator } = await import('./run-operator.js');

process.exitCode = await runOperator({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  print: (line) => console.log(line),
  printError: (line) => console.error(line),
});
