import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DevstackError } from '../devstack-error.js';

/** What a program needs to use the running system. */
export interface DevJson {
  readonly gatewayUrl: string;
  /** `host:port`, or several, separated by commas. */
  readonly kafkaBrokers: string;
  readonly databaseUrl: string;
  readonly operator: { readonly login: string; readonly password: string; readonly apiKey: string };
  readonly upstream: { readonly apiKey: string };
  /** What operators' commands open dead letters with. */
  readonly deadLetterKey: string;
}

const fileOf = (home: string): string => join(home, 'dev.json');

/** Writes `dev.json` whole or not at all, readable by its owner alone: it has passwords in it. */
export async function writeDevJson(home: string, content: DevJson): Promise<string> {
  const file = fileOf(home);
  const unfinished = `${file}.new`;
  await writeFile(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await chmod(unfinished, 0o600);
  await rename(unfinished, file);
  return file;
}

/** Whoever waits for the file must not find that of the previous run. */
export async function removeDevJson(home: string): Promise<void> {
  await rm(fileOf(home), { force: true });
}

/**
 * An address from the environment, else from the `dev.json` of the home.
 *
 * @throws DevstackError when neither has it
 */
export async function addressFrom(
  variable: 'DATABASE_URL' | 'KAFKA_BROKERS',
  home: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const given = env[variable];
  if (given) return given;
  const text = await readFile(fileOf(home), 'utf8').catch(() => undefined);
  if (text === undefined) {
    throw new DevstackError(`Set ${variable}, or start the system first: there is no ${fileOf(home)}.`);
  }
  const content = JSON.parse(text) as DevJson;
  return variable === 'DATABASE_URL' ? content.databaseUrl : content.kafkaBrokers;
}
