import { isConnectionError, sqlState } from '@subledger/database';
import { KafkaUnavailableError } from '@subledger/kafka';
import { ConfigError, messageOf, UsageError } from '@subledger/service-kit';
import { type OperatorProcess, withContext } from './open-context.js';
import type { OperatorCommand } from './operator-command.js';
import { OPERATOR_COMMANDS } from './registry.js';

/** PostgreSQL's code of a missing table, and Prisma's. */
const UNDEFINED_TABLE = new Set(['42P01', 'P2021']);

/** Runs one command from the command line and gives the exit code: 0 all well, 1 something is wrong, 2 wrong usage. */
export async function runOperator(process: OperatorProcess): Promise<number> {
  const [name, ...args] = process.argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.print(usage());
    return name === undefined ? 2 : 0;
  }
  try {
    const command = find(name);
    return await withContext(process, (context) => command.run(args, context));
  } catch (error) {
    const [code, message] = explain(error);
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

/** Exit code and words for what can go wrong around a command itself. */
function explain(error: unknown): [number, string] {
  if (error instanceof UsageError || error instanceof ConfigError) return [2, error.message];
  if (isConnectionError(error)) {
    return [
      1,
      `PostgreSQL cannot be reached: ${messageOf(error)}\nIs it running (npm start), and is DATABASE_URL right?`,
    ];
  }
  if (error instanceof KafkaUnavailableError) {
    return [
      1,
      `Kafka cannot be reached: ${messageOf(error)}\nIs it running (npm start), and is KAFKA_BROKERS right?`,
    ];
  }
  if (UNDEFINED_TABLE.has(sqlState(error) ?? (error as { code?: string }).code ?? '')) {
    return [
      1,
      'This database has no tables of the ledger. Run `npm run migrate` (npm start does it by itself).',
    ];
  }
  return [1, `The command failed: ${messageOf(error)}`];
}
