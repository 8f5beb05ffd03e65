import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOST, KAFKA_START_TIMEOUT_MS } from './constants.js';
import { DevstackError } from './devstack-error.js';
import { type HomePaths, keptText, previousPort } from './home.js';
import { findJava } from './java.js';
import { DEFAULT_JAVA_OPTS, LOG_OPTS, READY_LINE, serverProperties } from './kafka-config.js';
import { kafkaJars } from './kafka-install.js';
import type { OrphanGuard } from './orphan-guard.js';
import { poll } from './poll.js';
import { choosePort, freePort } from './ports.js';
import { STOP_POLITELY } from './process-info.js';
import { ServerProcess, stopLeftover } from './server-process.js';

const run = promisify(execFile);

export interface KafkaOptions {
  readonly paths: HomePaths;
  readonly guard: OrphanGuard;
  readonly log: (line: string) => void;
  /** Default: the previous one, else any that is free. */
  readonly port?: number | undefined;
  /** In place of `DEFAULT_JAVA_OPTS`: benchmarks want the second compiler and more heap. */
  readonly javaOpts?: readonly string[] | undefined;
}

export interface RunningKafka {
  /** `host:port`. */
  readonly kafkaBrokers: string;
  readonly server: ServerProcess;
}

const PORT_ATTEMPTS = 3;

/**
 * Starts one Kafka node in KRaft mode on the data of the home, formatted the first time, on 127.0.0.1
 * only. Makes no topics.
 *
 * @throws DevstackError when Java or Maven is missing, the port is in use, or Kafka does not start
 */
export async function startKafka(options: KafkaOptions): Promise<RunningKafka> {
  const { paths, guard, log } = options;
  const java = await findJava();
  const classPath = join(await kafkaJars({ log }), '*');
  const data = join(paths.kafka, 'data');
  const config = join(paths.kafka, 'server.properties');
  const pidFile = join(paths.run, 'kafka.pid');
  await stopLeftover({ pidFile, needle: config, stopSteps: STOP_POLITELY });
  const clusterId = await keptText(join(paths.kafka, 'cluster-id'), newClusterId);
  const portFile = join(paths.kafka, 'port');

  for (let attempt = 1; ; attempt += 1) {
    const previous = attempt === 1 ? await previousPort(portFile) : undefined;
    const choice = await choosePort({
      wanted: options.port,
      previous,
      what: 'Kafka',
      variable: 'KAFKA_PORT',
    });
    await writeFile(config, serverProperties({ broker: choice.port, controller: await freePort() }, data));
    await format({ java, classPath, config, data, clusterId });
    const logFile = join(paths.logs, 'kafka.log');
    const javaOpts = [...(options.javaOpts ?? DEFAULT_JAVA_OPTS), ...LOG_OPTS];
    const server = await ServerProcess.start(
      {
        name: 'Kafka',
        command: java,
        args: [...javaOpts, '-cp', classPath, 'kafka.Kafka', config],
        logFile,
        pidFile,
        needle: config,
        stopSteps: STOP_POLITELY,
      },
      guard,
    );
    try {
      await untilReady(server, logFile);
    } catch (error) {
      await server.stop();
      if (choice.free && attempt < PORT_ATTEMPTS && /Address already in use/.test(await server.log()))
        continue;
      throw error;
    }
    await writeFile(portFile, `${choice.port}\n`);
    return { kafkaBrokers: `${HOST}:${choice.port}`, server };
  }
}

/** 16 random bytes in URL-safe base64: 22 characters. Kafka does not allow a dash as the first. */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}

interface FormatOptions {
  readonly java: string;
  readonly classPath: string;
  readonly config: string;
  readonly data: string;
  readonly clusterId: string;
}

/** Once per home. An interrupted formatting has no `meta.properties` and is repeated. */
async function format({ java, classPath, config, data, clusterId }: FormatOptions): Promise<void> {
  const formatted = await access(join(data, 'meta.properties')).then(
    () => true,
    () => false,
  );
  if (formatted) return;
  await mkdir(data, { recursive: true });
  const args = [...DEFAULT_JAVA_OPTS, ...LOG_OPTS, '-cp', classPath, 'kafka.tools.StorageTool', 'format'];
  try {
    await run(java, [...args, '--ignore-formatted', '-t', clusterId, '-c', config], {
      timeout: KAFKA_START_TIMEOUT_MS,
    });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new DevstackError(`Kafka's data folder could not be formatted: ${stderr?.trim() || message}`);
  }
}

async function untilReady(server: ServerProcess, logFile: string): Promise<void> {
  const seconds = KAFKA_START_TIMEOUT_MS / 1000;
  await poll(
    async () => {
      const text = await server.log();
      if (text.includes(READY_LINE)) return true;
      if (!server.gone) return undefined;
      const lines = text.trim().split('\n').slice(-8).join('\n');
      throw new DevstackError(
        `Kafka stopped (${await server.exited}) while starting; see ${logFile}\n${lines}`,
      );
    },
    {
      timeoutMs: KAFKA_START_TIMEOUT_MS,
      intervalMs: 100,
      onTimeout: () => new DevstackError(`Kafka is not ready after ${seconds} s; see ${logFile}`),
    },
  );
}
