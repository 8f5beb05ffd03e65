import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UsageError } from './usage-error.js';

type Env = Readonly<Record<string, string | undefined>>;

/** What `npm start` writes for other terminals; only the part that is needed here. */
const devFile = z.looseObject({
  databaseUrl: z.string().min(1),
  kafkaBrokers: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
});

/**
 * The environment with DATABASE_URL and KAFKA_BROKERS filled in from the running development stack where they are not
 * set.
 *
 * @throws UsageError saying what to do where neither is there
 */
export function withDevStack(env: Env, cwd: string): Record<string, string | undefined> {
  if (env.DATABASE_URL && env.KAFKA_BROKERS) return { ...env };
  const path = join(env.SUBLEDGER_HOME || join(cwd, '.subledger'), 'dev.json');
  const { databaseUrl, kafkaBrokers } = readDevFile(path);
  return {
    ...env,
    DATABASE_URL: env.DATABASE_URL || databaseUrl,
    KAFKA_BROKERS: env.KAFKA_BROKERS || [kafkaBrokers].flat().join(','),
  };
}

function readDevFile(path: string): z.output<typeof devFile> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new UsageError(
        `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}.`,
      );
    }
    throw new UsageError(
      [
        `Where are PostgreSQL and Kafka? There is no ${path}, and DATABASE_URL and KAFKA_BROKERS are not both set.`,
        '  - On a development machine: run `npm start` in another terminal and leave it running',
        '    (with the same SUBLEDGER_HOME, if you set one).',
        '  - Elsewhere: set DATABASE_URL and KAFKA_BROKERS as for the scheduler service.',
      ].join('\n'),
    );
  }
  const parsed = devFile.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new UsageError(
    `${path} is not what \`npm start\` writes. Stop and start it again, or delete the file.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
