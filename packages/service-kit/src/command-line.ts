import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './config-error.js';

type Env = Readonly<Record<string, string | undefined>>;

/** The process of a command, as the command gets it. */
export interface CommandLineProcess {
  readonly argv: readonly string[];
  readonly env: Env;
  readonly cwd: string;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
}

/** An error that the user can fix: a wrong option, a missing server. Only its message is printed, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The message of an error. Node's AggregateError of several refused addresses has none of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

/** How a command reports failures. The kinds of errors come from packages that this one does not depend on. */
export interface FailureKinds {
  /** The service whose tables are used: `ledger`. */
  readonly service: string;
  /** The name of the failed action, if none of the following applies: `command`. */
  readonly what: string;
  readonly isDatabaseAway: (error: unknown) => boolean;
  readonly isKafkaAway: (error: unknown) => boolean;
  /** The database has no tables of the service. */
  readonly isWithoutTables: (error: unknown) => boolean;
}

/** Exit code and message for failures of a command. */
export function explainFailure(error: unknown, kinds: FailureKinds): [number, string] {
  if (error instanceof UsageError || error instanceof ConfigError) return [2, error.message];
  const away = (server: string, variable: string) =>
    `${server} cannot be reached: ${messageOf(error)}\nIs it running (npm start), and is ${variable} right?`;
  if (kinds.isDatabaseAway(error)) return [1, away('PostgreSQL', 'DATABASE_URL')];
  if (kinds.isKafkaAway(error)) return [1, away('Kafka', 'KAFKA_BROKERS')];
  if (kinds.isWithoutTables(error))
    return [
      1,
      `This database has no tables of the ${kinds.service}. Run \`npm run migrate\` (npm start does it by itself).`,
    ];
  return [1, `The ${kinds.what} failed: ${messageOf(error)}`];
}

/** The file that `npm start` writes for other terminals. Only the needed part. */
const devFile = z.looseObject({
  databaseUrl: z.string().min(1),
  kafkaBrokers: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  deadLetterKey: z.string().min(1).optional(),
});

type ServerAddress = 'DATABASE_URL' | 'KAFKA_BROKERS';

/**
 * The environment. If DATABASE_URL, KAFKA_BROKERS or DEAD_LETTER_KEY is not set, the running development stack gives it.
 * `npm run job`, `npm run ledger` and other operators' commands run with it.
 *
 * @param needed the addresses that the command needs
 * @throws UsageError if one of them is neither set nor known; it says what to do
 */
export function withDevStack(
  env: Env,
  cwd: string,
  needed: readonly ServerAddress[] = ['DATABASE_URL', 'KAFKA_BROKERS'],
): Record<string, string | undefined> {
  const missing = needed.filter((variable) => !env[variable]);
  if (missing.length === 0) return { ...env };
  const path = join(env.SUBLEDGER_HOME || join(cwd, '.subledger'), 'dev.json');
  const { databaseUrl, kafkaBrokers, deadLetterKey } = readDevFile(path, missing);
  return {
    ...env,
    DATABASE_URL: env.DATABASE_URL || databaseUrl,
    KAFKA_BROKERS: env.KAFKA_BROKERS || [kafkaBrokers].flat().join(','),
    DEAD_LETTER_KEY: env.DEAD_LETTER_KEY || deadLetterKey,
  };
}

function readDevFile(path: string, missing: readonly ServerAddress[]): z.output<typeof devFile> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(noServers(path, missing));
    if (code !== undefined) throw new UsageError(`${path} cannot be read: ${code}.`);
  }
  const parsed = devFile.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new UsageError(
    `${path} is not what \`npm start\` writes. Stop and start it again, or delete the file.`,
  );
}

const SERVERS = { DATABASE_URL: 'PostgreSQL', KAFKA_BROKERS: 'Kafka' } as const;

const noServers = (path: string, missing: readonly ServerAddress[]): string =>
  [
    `Where is ${missing.map((variable) => SERVERS[variable]).join(', where is ')}? There is no ${path}, and no value of ${missing.join(' and ')}.`,
    '  - On a development machine: run `npm start` in another terminal and leave it running',
    '    (with the same SUBLEDGER_HOME, if you set one).',
    `  - Elsewhere: set ${missing.join(' and ')} as for the services.`,
  ].join('\n');
