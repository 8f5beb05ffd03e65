import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { KAFKA_FETCH_TIMEOUT_MS, KAFKA_VERSION, SCALA_VERSION, SLF4J_VERSION } from './constants.js';
import { DevstackError } from './devstack-error.js';
import { mavenMissing } from './java.js';

const run = promisify(execFile);

/** Written last: without it a folder is not used. */
const COMPLETE = 'complete';

/** Beside npm's packages, so that all data folders of a checkout share one, and a clean install clears it. */
const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../../../node_modules/.cache/subledger');

export interface InstallOptions {
  readonly log: (line: string) => void;
  /** Default: `node_modules/.cache/subledger` of the checkout. */
  readonly cache?: string;
  /** Default: `mvn`. */
  readonly maven?: string;
}

/**
 * The folder with Kafka's jars, fetched by Maven the first time. Two that fetch at once do not disturb
 * each other: each into a folder of its own, and the first that is done puts it in place.
 *
 * @throws DevstackError when Maven is missing or fails, with its words
 */
export async function kafkaJars({ log, cache = CACHE, maven = 'mvn' }: InstallOptions): Promise<string> {
  const jars = join(cache, `kafka-${KAFKA_VERSION}`);
  if (await isComplete(jars)) return jars;
  log(`Fetching Apache Kafka ${KAFKA_VERSION} with Maven (43 MB, once)`);
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'fetching-'));
  try {
    await writeFile(join(draft, 'pom.xml'), POM);
    await runMaven(maven, draft);
    const fetched = (await readdir(join(draft, 'lib')).catch(() => [])).filter((name) =>
      name.endsWith('.jar'),
    );
    if (!fetched.includes(`kafka_${SCALA_VERSION}-${KAFKA_VERSION}.jar`)) {
      throw new DevstackError(`Maven ended well but did not fetch Kafka ${KAFKA_VERSION}. Try again.`);
    }
    await writeFile(join(draft, 'lib', COMPLETE), '');
    await putInPlace(join(draft, 'lib'), jars);
    return jars;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function isComplete(jars: string): Promise<boolean> {
  return access(join(jars, COMPLETE)).then(
    () => true,
    () => false,
  );
}

async function putInPlace(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (await isComplete(to)) return; // Somebody else was faster.
    // What is in the way is not complete: nobody uses it.
    await rm(to, { recursive: true, force: true });
    await rename(from, to).catch(async () => {
      if (!(await isComplete(to))) throw error;
    });
  }
}

async function runMaven(maven: string, folder: string): Promise<void> {
  const args = [
    '-q',
    '-B',
    '--no-transfer-progress',
    'dependency:copy-dependencies',
    '-DoutputDirectory=lib',
  ];
  try {
    await run(maven, args, { cwd: folder, timeout: KAFKA_FETCH_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { code, killed, stdout, message } = error as NodeJS.ErrnoException & {
      stdout?: string;
      killed?: boolean;
    };
    if (code === 'ENOENT') throw mavenMissing('There is no mvn on the PATH.');
    const said = killed
      ? `No end after ${KAFKA_FETCH_TIMEOUT_MS / 60_000} minutes.`
      : (stdout ?? message)
          .split('\n')
          .filter((line) => line.startsWith('[ERROR]'))
          .slice(0, 6)
          .join('\n') || message;
    throw new DevstackError(
      `Maven could not fetch Kafka ${KAFKA_VERSION}. Behind a proxy or mirror, say so in ~/.m2/settings.xml; or set KAFKA_BROKERS to a Kafka of your own.\n${said}`,
    );
  }
}

const dependency = (group: string, artifact: string, version: string): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

const POM = `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>subledger</groupId>
  <artifactId>devstack-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', `kafka_${SCALA_VERSION}`, KAFKA_VERSION)}
    ${dependency('org.slf4j', 'slf4j-simple', SLF4J_VERSION)}
  </dependencies>
</project>
`;
