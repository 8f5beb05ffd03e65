import { parseArgs } from 'node:util';
import { UsageError } from '@subledger/service-kit';

export const USAGE = `The operators' commands of the gateway.

  npm run gateway -- republish-profiles [--timeout <seconds>]

Has the running gateways publish the profile of every sub-account (name, sender numbers) on subaccount.profiles.v1 once
more: after that topic was lost, or for a sender that doubts what it has. Changes go on meanwhile.

  npm run gateway -- rebuild-read-model [--main <id>] [--states-only] [--timeout <seconds>]

Builds balances, sub-accounts and statement lines again from the ledger's books: after rows of the gateway were lost or
damaged, or the ledger's database was restored. Reading and writing go on meanwhile.

  --main          one main account (default: all)
  --states-only   balances and sub-accounts, without transfers and statements
  --timeout       seconds to wait (default: profiles 600, read model 21600)

It uses DATABASE_URL and KAFKA_BROKERS, or what \`npm start\` wrote to .subledger/dev.json.
Exit code: 0 all well, 1 something is wrong, 2 wrong usage.`;

const TIMEOUT_SECONDS = { 'republish-profiles': 600, 'rebuild-read-model': 21_600 } as const;
type CommandName = keyof typeof TIMEOUT_SECONDS;
const MAX_TIMEOUT_SECONDS = 86_400;

export interface OperatorArguments {
  readonly command: CommandName;
  /** For `rebuild-read-model`: one main account, or undefined for all. */
  readonly main: string | undefined;
  /** For `rebuild-read-model`: whether transfers are included. */
  readonly history: boolean;
  readonly timeoutMs: number;
}

const OPTIONS = {
  timeout: { type: 'string' },
  main: { type: 'string' },
  'states-only': { type: 'boolean', default: false },
} as const;

/** @throws UsageError */
export function parseArguments(name: string, args: readonly string[]): OperatorArguments {
  if (!(name in TIMEOUT_SECONDS)) throw new UsageError(`There is no command "${name}".\n\n${USAGE}`);
  const command = name as CommandName;
  const { timeout = String(TIMEOUT_SECONDS[command]), main, 'states-only': statesOnly } = read(args);
  const isTimeout = /^\d{1,5}$/.test(timeout) && Number(timeout) <= MAX_TIMEOUT_SECONDS;
  const isForeign = command !== 'rebuild-read-model' && (main !== undefined || statesOnly);
  if (!isTimeout || isForeign || main === '') throw new UsageError(wrong(args));
  return { command, main, history: !statesOnly, timeoutMs: Number(timeout) * 1_000 };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch {
    throw new UsageError(wrong(args));
  }
}

const wrong = (args: readonly string[]): string => `What is "${args.join(' ')}"?\n\n${USAGE}`;
