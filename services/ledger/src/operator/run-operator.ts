import { isConnectionError, sqlState } from '@subledger/database';
import { KafkaUnavailableError } from '@subledger/kafka';
import { type CommandLineProcess, explainFailure, UsageError } from '@subledger/service-kit';
import { withContext } from './open-context.js';
import type { OperatorCommand } from './operator-command.js';
import { OPERATOR_COMMANDS } from './registry.js';

/** PostgreSQL's code of a missing table, and Prisma's. */
const UNDEFINED_TABLE = new Set(['42P01', 'P2021']);

const FAILURES = {
  service: 'ledger',
  what: 'command',
  isDatabaseAway: isConnectionError,
  isKafkaAway: (error: unknown) => error instanceof KafkaUnavailableError,
  isWithoutTables: (error: unknown) =>
    UNDEFINED_TABLE.has(sqlState(error) ?? (error as { code?: string }).code ?? ''),
};

/**
 * Runs one command from the command line.
 * @returns the exit code: 0 success, 1 a problem, 2 wrong usage
 */
export async function runOperator(process: CommandLineProcess): Promise<number> {
  const [name, ...args] = process.argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.print(usage());
    return name === undefined ? 2 : 0;
  }
  try {
    const command = find(name);
    return await withContext(process, (context) => command.run(args, context));
  } catch (error) {
    const [code, message] = explainFailure(error, FAILURES);
    process.printError(message);
    return code;
  }
}

function find(name: string): OperatorCommand {
  const command = OPERATOR_COMMANDS.find((one) => one.name === name);
  if (command) return command;
  throw new UsageError(`There is no command "${name}".\n\n${usage()}`);
}

function usage(): string {
  const width = Math.max(...OPERATOR_COMMANDS.map(({ name }) => name.length));
  return [
    "The operators' commands of the ledger.",
    '',
    '  npm run ledger -- <command> [options]',
    '',
    'Commands',
    ...OPERATOR_COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'It uses DATABASE_URL and KAFKA_BROKERS, or what `npm start` wrote to .subledger/dev.json.',
    'Exit code: 0 all well, 1 something is wrong or was refused, 2 wrong usage. See docs/operations/.',
  ].join('\n');
}
