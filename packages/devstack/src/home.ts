import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where things are in a data folder (`$SUBLEDGER_HOME`). */
export interface HomePaths {
  readonly home: string;
  readonly logs: string;
  readonly run: string;
  readonly postgres: string;
  readonly kafka: string;
}

/** Makes missing folders. Only their owner may read them, because they contain passwords and message contents. */
export async function openHome(home: string): Promise<HomePaths> {
  const paths: HomePaths = {
    home,
    logs: join(home, 'logs'),
    run: join(home, 'run'),
    postgres: join(home, 'postgres'),
    kafka: join(home, 'kafka'),
  };
  for (const folder of Object.values(paths)) await mkdir(folder, { recursive: true, mode: 0o700 });
  return paths;
}

/** A small file of the home. `create` makes its content the first time. Only its owner may read it. */
export async function keptText(file: string, create: () => string): Promise<string> {
  try {
    const text = (await readFile(file, 'utf8')).trim();
    if (text !== '') return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const text = create();
  await writeFile(file, `${text}\n`, { mode: 0o600 });
  return text;
}

/** The port that a server of this home had last time. */
export async function previousPort(file: string): Promise<number | undefined> {
  const port = Number(await readFile(file, 'utf8').catch(() => ''));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}
