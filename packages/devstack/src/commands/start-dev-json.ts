import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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

/** Writes `dev.json` atomically. Only its owner may read it, because it contains passwords. */
export async function writeDevJson(home: string, content: DevJson): Promise<string> {
  const file = fileOf(home);
  const unfinished = `${file}.new`;
  await writeFile(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await chmod(unfinished, 0o600);
  await rename(unfinished, file);
  return file;
}

/** A process that waits for the file must not find the previous run's. */
export async function removeDevJson(home: string): Promise<void> {
  await rm(fileOf(home), { force: true });
}
