import { createPool, isConnectionError, sqlState } from '@subledger/database';
import { type KafkaConfig, KafkaUnavailableError, RecordProducer } from '@subledger/kafka';
import {
  type CommandLineProcess,
  createLogger,
  explainFailure,
  kafkaConfigFrom,
  loadConfig,
  refuseUnsafeBase,
  withDevStack,
} from '@subledger/service-kit';
import { gatewayConfig } from '../config.js';
import { parseArguments, USAGE } from './arguments.js';
import { rebuildReadModel } from './rebuild-read-model.js';
import { republishProfiles } from './republish-profiles.js';

const UNDEFINED_TABLE = '42P01';

const FAILURES = {
  service: 'gateway',
  what: 'command',
  isDatabaseAway: isConnectionError,
  isKafkaAway: (error: unknown) => error instanceof KafkaUnavailableError,
  isWithoutTables: (error: unknown) => sqlState(error) === UNDEFINED_TABLE,
};

/**
 * Runs one command from the command line.
 * @returns the exit code
 */
export async function runOperator(process: CommandLineProcess): Promise<number> {
  const { argv, print, printError } = process;
  const [name, ...args] = argv;
  if (name === undefined || args.includes('--help') || ['--help', '-h', 'help'].includes(name)) {
    print(USAGE);
    return name === undefined ? 2 : 0;
  }
  try {
    return await runCommand(name, args, process);
  } catch (error) {
    const [code, message] = explainFailure(error, FAILURES);
    printError(message);
    return code;
  }
}

async function runCommand(
  name: string,
  args: readonly string[],
  { env: given, cwd, print, printError }: CommandLineProcess,
): Promise<number> {
  const { command, main, history, timeoutMs } = parseArguments(name, args);
  const env = { LOG_LEVEL: 'error', ...withDevStack(given, cwd) };
  const config = loadConfig(gatewayConfig, env);
  refuseUnsafeBase(config);
  const pool = createPool({
    url: config.DATABASE_URL,
    schema: 'gateway',
    applicationName: 'subledger-operator',
    max: 2,
    statementTimeoutMs: 30 * 60_000,
  });
  try {
    if (command === 'republish-profiles') return await republishProfiles({ pool, print, timeoutMs });
    // Standard output is for the answer. Logs of the libraries go to standard error.
    const stream = { write: (line: string) => printError(line.trimEnd()) };
    const log = createLogger({ service: 'gateway-operator', level: config.LOG_LEVEL, stream });
    const producer = new RecordProducer(
      kafkaConfigFrom(config, 'subledger-gateway-operator', log) as KafkaConfig,
    );
    try {
      return await rebuildReadModel({ pool, producer, print, main, history, timeoutMs });
    } finally {
      await producer.close();
    }
  } finally {
    await pool.end();
  }
}
