import { isConnectionError } from '@subledger/database';
import { KafkaUnavailableError } from '@subledger/kafka';
import { type CommandLineProcess, explainFailure, UsageError } from '@subledger/service-kit';
import { migrate } from './migrate-command.js';
import type { SetupCommand } from './setup-command.js';
import { SetupError } from './setup-error.js';
import { topics } from './topics-command.js';

/** A new command is a file of its own and a line here. */
const COMMANDS: readonly SetupCommand[] = [migrate, topics];

const USAGE = `Sets up what the services need before they start. Safe to repeat, and to run twice at once.

  setup <command>

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`).join('\n')}

It uses DATABASE_URL and KAFKA_BROKERS (TLS and SASL as for the services), or what \`npm start\` wrote to
.subledger/dev.json. Exit code: 0 set up, 1 something failed, 2 wrong usage.`;

const FAILURES = {
  service: 'services',
  what: 'set-up',
  isDatabaseAway: isConnectionError,
  isKafkaAway: (error: unknown) => error instanceof KafkaUnavailableError,
  isWithoutTables: () => false,
};

/** Runs one command and gives the exit code: 0 all well, 1 something failed, 2 wrong usage. */
export async function runSetup(process: CommandLineProcess): Promise<number> {
  const [name, ...args] = process.argv;
  try {
    if (name === undefined || ['help', '--help', '-h'].includes(name)) {
      process.print(USAGE);
      return 0;
    }
    const command = COMMANDS.find((one) => one.name === name);
    if (!command) throw new UsageError(`No such command: ${name}\n\n${USAGE}`);
    await command.run({ ...process, argv: args });
    return 0;
  } catch (error) {
    const [code, message] = explain(error);
    process.printError(message);
    return code;
  }
}

function explain(error: unknown): [number, string] {
  if (error instanceof SetupError) return [1, error.message];
  const { code, message } = error as NodeJS.ErrnoException;
  if (String(code).startsWith('ERR_PARSE_ARGS')) return [2, message];
  return explainFailure(error, FAILURES);
}
