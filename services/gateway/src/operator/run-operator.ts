import { createPool, isConnectionError, sqlState } from '@subledger/database';
import {
  type CommandLineProcess,
  explainFailure,
  loadConfig,
  refuseDefaultBaseSecrets,
  UsageError,
  withDevStack,
} from '@subledger/service-kit';
import { gatewayConfig } from '../config.js';
import { republishProfiles } from './republish-profiles.js';

const USAGE = `The operators' commands of the gateway.

  npm run gateway -- republish-profiles [--timeout <seconds>]

Has the running gateways publish the profile of every sub-account (name, sender numbers) on subaccount.profiles.v1 once
more: after that topic was lost, or for a sender that doubts what it has. Changes go on meanwhile.

  --timeout   seconds to wait for the gateways (default 600); they go on also when this gives up

It uses DATABASE_URL and KAFKA_BROKERS, or what \`npm start\` wrote to .subledger/dev.json.
Exit code: 0 all well, 1 something is wrong, 2 wrong usage.`;

const UNDEFINED_TABLE = '42P01';

const FAILURES = {
  service: 'gateway',
  what: 'command',
  isDatabaseAway: isConnectionError,
  // It talks to PostgreSQL alone.
  isKafkaAway: () => false,
  isWithoutTables: (error: unknown) => sqlState(error) === UNDEFINED_TABLE,
};

/** Runs one command from the command line and gives the exit code. */
export async function runOperator({
  argv,
  env,
  cwd,
  print,
  printError,
}: CommandLineProcess): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || args.includes('--help') || ['--help', '-h', 'help'].includes(name)) {
    print(USAGE);
    return name === undefined ? 2 : 0;
  }
  try {
    if (name !== 'republish-profiles') throw new UsageError(`There is no command "${name}".\n\n${USAGE}`);
    const timeoutMs = timeoutOf(args);
    const config = loadConfig(gatewayConfig, withDevStack(env, cwd));
    refuseDefaultBaseSecrets(config);
    const pool = createPool({
      url: config.DATABASE_URL,
      schema: 'gateway',
      applicationName: 'subledger-operator',
      max: 1,
      statementTimeoutMs: 30 * 60_000,
    });
    try {
      return await republishProfiles({ pool, print, timeoutMs });
    } finally {
      await pool.end();
    }
  } catch (error) {
    const [code, message] = explainFailure(error, FAILURES);
    printError(message);
    return code;
  }
}

/** @throws UsageError */
function timeoutOf(args: readonly string[]): number {
  const [option, text = '', ...more] = args;
  if (option === undefined) return 600_000;
  const seconds = Number(text);
  const isWhole = /^\d{1,5}$/.test(text) && seconds <= 86_400;
  if (option !== '--timeout' || !isWhole || more.length > 0)
    throw new UsageError(`What is "${args.join(' ')}"?\n\n${USAGE}`);
  return seconds * 1_000;
}
