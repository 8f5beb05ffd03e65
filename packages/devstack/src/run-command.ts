import { SetupError } from '@subledger/setup';
import type { Command } from './command.js';
import { dev } from './commands/dev.js';
import { servers } from './commands/servers.js';
import { sms } from './commands/sms.js';
import { start } from './commands/start.js';
import { DevstackError } from './devstack-error.js';

/** A new command is a file in `commands/` and a line here. */
const COMMANDS: readonly Command[] = [start, dev, servers, sms];

const USAGE = `Usage: devstack <command>

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`).join('\n')}

Environment: SUBLEDGER_HOME (data folder, .subledger), GATEWAY_PORT (3000), POSTGRES_PORT, KAFKA_PORT
(picked free unless set),
DATABASE_URL, KAFKA_BROKERS (use these servers instead), KAFKA_JAVA_OPTS (instead of the small default).`;

const WRONG_USE = 64;

async function main([name, ...args]: readonly string[]): Promise<number> {
  const command = COMMANDS.find((one) => one.name === name);
  if (command !== undefined) return command.run(args);
  const help = name === undefined || name === 'help' || name === '--help' || name === '-h';
  (help ? console.log : console.error)(help ? USAGE : `No such command: ${name}\n\n${USAGE}`);
  return help ? 0 : WRONG_USE;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const wrongUse = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS') === true;
  const isPlain = wrongUse || error instanceof DevstackError || error instanceof SetupError;
  console.error(isPlain ? (error as Error).message : error);
  process.exitCode = wrongUse ? WRONG_USE : 1;
}
