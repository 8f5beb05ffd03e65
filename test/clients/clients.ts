import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '@subledger/service-kit/installed-services';

const run = promisify(execFile);
const HERE = join(ROOT, 'test/clients');
const FETCH_TIMEOUT_MS = 300_000;
const PRODUCE_TIMEOUT_MS = 60_000;

export interface ClientRecord {
  readonly topic: string;
  readonly key: string;
  /** One line without tabs. */
  readonly value: string;
}

/** Another vendor's Kafka client, as a program that writes records. */
export interface Client {
  readonly name: string;
  /** A program that must be on the PATH, and instructions to install it. */
  readonly needs: { readonly program: readonly [string, ...string[]]; readonly install: string };
  /** `default`: the client's own settings. */
  readonly codecs: readonly string[];
  produce(brokers: string, codec: string, records: readonly ClientRecord[]): Promise<void>;
}

const CODECS = ['default', 'none', 'gzip', 'snappy', 'lz4', 'zstd'];

export const CLIENTS: readonly Client[] = [
  {
    name: 'librdkafka (kcat)',
    needs: { program: ['kcat', '-V'], install: "Debian's package kcat" },
    codecs: CODECS,
    async produce(brokers, codec, records) {
      const byTopic = Map.groupBy(records, ({ topic }) => topic);
      for (const [topic, some] of byTopic) {
        const settings = ['-X', 'partitioner=murmur2_random', ...(codec === 'default' ? [] : ['-z', codec])];
        const lines = some.map(({ key, value }) => `${key}\t${value}\n`).join('');
        await feed('kcat', ['-P', '-b', brokers, '-t', topic, '-K', '\t', ...settings], lines);
      }
    },
  },
  {
    name: 'kafka-python',
    needs: { program: ['python3', '-m', 'pip', '--version'], install: 'Python 3 with pip' },
    codecs: CODECS,
    async produce(brokers, codec, records) {
      const packages = await cached('python', ['requirements.txt'], (folder) =>
        fetch(
          'python3',
          ['-m', 'pip', 'install', '-q', '--target', folder, '-r', 'requirements.txt'],
          'python',
        ),
      );
      const program = join(HERE, 'python/produce.py');
      await feed('python3', [program, brokers], linesOf(codec, records), { PYTHONPATH: packages });
    },
  },
  {
    name: 'franz-go',
    needs: { program: ['go', 'version'], install: 'Go 1.23 or newer' },
    codecs: CODECS,
    async produce(brokers, codec, records) {
      const folder = await cached('go', ['go.mod', 'go.sum', 'main.go'], (draft) =>
        fetch('go', ['build', '-o', join(draft, 'produce'), '.'], 'go'),
      );
      await feed(join(folder, 'produce'), [brokers], linesOf(codec, records));
    },
  },
  {
    name: 'Java',
    needs: { program: ['javac', '-version'], install: 'a Java development kit, 17 or newer' },
    codecs: CODECS,
    async produce(brokers, codec, records) {
      const jars = join(await brokerJars(), '*');
      const folder = await cached('java', ['Produce.java'], (draft) =>
        fetch('javac', ['-cp', jars, '-d', draft, 'Produce.java'], 'java'),
      );
      await feed('java', ['-cp', `${jars}:${folder}`, 'Produce', brokers], linesOf(codec, records));
    },
  },
];

/** What to install for a client without its runtime, or undefined if the runtime exists. */
export function missingFor({ name, needs }: Client): string | undefined {
  const [program, ...args] = needs.program;
  if (spawnSync(program, args).status === 0) return undefined;
  return `${name} needs ${needs.install} (\`${needs.program.join(' ')}\` does not run)`;
}

const linesOf = (codec: string, records: readonly ClientRecord[]): string =>
  records.map(({ topic, key, value }) => `${codec}\t${topic}\t${key}\t${value}\n`).join('');

/** A folder that `fill` has filled once for these files' content. Concurrent calls do not disturb each other. */
async function cached(
  name: string,
  files: readonly string[],
  fill: (folder: string) => Promise<unknown>,
): Promise<string> {
  const hash = createHash('sha256').update(process.arch);
  for (const file of files) hash.update(await readFile(join(HERE, name, file)));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'subledger/clients');
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (await isThere(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'fetching-'));
  try {
    await fill(draft);
    await rename(draft, folder).catch(async (error: unknown) => {
      // Another process was faster.
      if (!(await isThere(folder))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const fetch = (program: string, args: readonly string[], folder: string): Promise<unknown> =>
  run(program, args, { cwd: join(HERE, folder), timeout: FETCH_TIMEOUT_MS });

/** The jars that devstack has fetched for the test broker. */
async function brokerJars(): Promise<string> {
  const cache = join(ROOT, 'node_modules/.cache/subledger');
  const found = (await readdir(cache).catch(() => [])).find((name) => name.startsWith('kafka-'));
  if (!found) throw new Error('There are no Kafka jars: run npm test without TEST_KAFKA_BROKERS once');
  return join(cache, found);
}

/**
 * Runs a program with these lines as input.
 * @throws Error with its output unless it ends with 0
 */
function feed(program: string, args: string[], lines: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      timeout: PRODUCE_TIMEOUT_MS,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk;
      });
    child.once('error', reject);
    child.stdin.on('error', () => undefined);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with ${code}:\n${said}`));
    });
    child.stdin.end(lines);
  });
}
