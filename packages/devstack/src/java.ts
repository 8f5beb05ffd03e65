import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MIN_JAVA_MAJOR } from './constants.js';
import { DevstackError } from './devstack-error.js';

const run = promisify(execFile);

const REMEDY = `Kafka needs Java ${MIN_JAVA_MAJOR} or newer and, to be fetched once, Maven. Install both (Debian and Ubuntu: apt-get install default-jre-headless maven; macOS: brew install openjdk maven), or set KAFKA_BROKERS to a Kafka of your own.`;

/**
 * The `java` to use: from JAVA_HOME, otherwise from the PATH.
 *
 * @throws DevstackError if there is none or it is too old; says what to do
 */
export async function findJava(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const home = env.JAVA_HOME;
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
  let answer: string;
  try {
    const { stdout, stderr } = await run(java, ['-version'], { timeout: 30_000, env });
    answer = `${stdout}${stderr}`;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const found = missing
      ? `There is no ${java}.`
      : `${java} does not run: ${(error as Error).message.trim()}.`;
    throw new DevstackError(`${found} ${REMEDY}`);
  }
  const major = javaMajor(answer);
  if (major === undefined || major < MIN_JAVA_MAJOR) {
    throw new DevstackError(`${java} is Java ${major ?? 'of unknown version'}. ${REMEDY}`);
  }
  return java;
}

/** `openjdk version "17.0.15"` is 17, `java version "1.8.0_402"` is 8. */
export function javaMajor(versionOutput: string): number | undefined {
  const [, first, second] = /version "(\d+)(?:\.(\d+))?/.exec(versionOutput) ?? [];
  if (first === undefined) return undefined;
  return Number(first === '1' && second !== undefined ? second : first);
}

export function mavenMissing(reason: string): DevstackError {
  return new DevstackError(`${reason} ${REMEDY}`);
}
