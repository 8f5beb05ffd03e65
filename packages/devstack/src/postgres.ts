import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { DATABASE_NAME, DATABASE_USER, HOST, POSTGRES_START_TIMEOUT_MS } from './constants.js';
import { DevstackError } from './devstack-error.js';
import { type HomePaths, keptText, previousPort } from './home.js';
import type { OrphanGuard } from './orphan-guard.js';
import { poll } from './poll.js';
import { choosePort } from './ports.js';
import { postgresBinaries } from './postgres-binaries.js';
import { initialiseCluster } from './postgres-init.js';
import { placeOf, serverEnvironment } from './postgres-place.js';
import { postgresUser } from './postgres-user.js';
import { commandLine, isProcess, STOP_POSTGRES, stopProcess } from './process-info.js';
import { ServerProcess, type ServerSpec, stopLeftover } from './server-process.js';

export interface PostgresOptions {
  readonly paths: HomePaths;
  readonly guard: OrphanGuard;
  /** Default: the previous one, else any that is free. */
  readonly port?: number | undefined;
  /** False: faster but not crash-safe (no fsync), for tests with throw-away data. Default true. */
  readonly durable?: boolean | undefined;
  /** More `postgresql.conf` settings, for benchmarks. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

export interface RunningPostgres {
  readonly databaseUrl: string;
  readonly server: ServerProcess;
}

/** Another process may take the chosen port before the server starts. */
const PORT_ATTEMPTS = 3;

/**
 * Starts PostgreSQL on the data of the home, made the first time, on 127.0.0.1 only, with a random
 * password kept in the home, and with an empty database `subledger`.
 *
 * @throws DevstackError when the port is in use, or with PostgreSQL's last words when it does not start
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { paths } = options;
  const user = await postgresUser();
  const { postgres, initdb } = await postgresBinaries(user);
  const data = join(paths.postgres, 'data');
  const pidFile = join(paths.run, 'postgres.pid');
  await stopLeftover({ pidFile, needle: data, stopSteps: STOP_POSTGRES });
  const password = await keptText(join(paths.postgres, 'password'), () =>
    randomBytes(24).toString('base64url'),
  );
  await initialiseCluster({ initdb, data, password, user });
  await removeStalePidFile(data);

  const place = await placeOf(data, user);

  const portFile = join(paths.postgres, 'port');
  for (let attempt = 1; ; attempt += 1) {
    const previous = attempt === 1 ? await previousPort(portFile) : undefined;
    const choice = await choosePort({
      wanted: options.port,
      previous,
      what: 'PostgreSQL',
      variable: 'POSTGRES_PORT',
    });
    const spec: ServerSpec = {
      name: 'PostgreSQL',
      command: postgres,
      args: ['-D', place.path, '-p', String(choice.port), ...settings(options, data)],
      cwd: place.cwd,
      env: serverEnvironment(user),
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      logFile: join(paths.logs, 'postgres.log'),
      pidFile,
      needle: data,
      stopSteps: STOP_POSTGRES,
    };
    const server = await ServerProcess.start(spec, options.guard);
    const url = `postgresql://${DATABASE_USER}:${password}@${HOST}:${choice.port}`;
    try {
      await untilReady(server, spec.logFile, `${url}/postgres`);
    } catch (error) {
      await server.stop();
      if (choice.free && attempt < PORT_ATTEMPTS && /Address already in use/.test(await server.log()))
        continue;
      throw error;
    }
    await writeFile(portFile, `${choice.port}\n`);
    return { databaseUrl: `${url}/${DATABASE_NAME}`, server };
  }
}

function settings(options: PostgresOptions, data: string): string[] {
  const all: Record<string, string> = {
    // PostgreSQL ignores it. It identifies the process by its command line, whatever -D says.
    'subledger.data': data,
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable === false
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
      : {}),
    ...options.settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * A pid file left by a crash stops PostgreSQL when its number now belongs to another process: likely in a
 * container, where numbers start over. Removed only then; otherwise PostgreSQL judges it better itself, as
 * it also looks for survivors of the old server.
 */
async function removeStalePidFile(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  if (await isProcess(pid, data)) await stopProcess(pid, data, STOP_POSTGRES);
  else if ((await commandLine(pid)) !== '') await rm(file, { force: true });
}

/** Tries to connect until it works, and creates the database the first time. */
async function untilReady(server: ServerProcess, logFile: string, url: string): Promise<void> {
  await poll(
    async () => {
      if (server.gone) throw await startFailure(server, logFile, `stopped (${await server.exited})`);
      return tryToConnect(url);
    },
    {
      timeoutMs: POSTGRES_START_TIMEOUT_MS,
      onTimeout: () =>
        new DevstackError(
          `PostgreSQL is not ready after ${POSTGRES_START_TIMEOUT_MS / 1000} s; see ${logFile}`,
        ),
    },
  );
}

async function startFailure(server: ServerProcess, logFile: string, how: string): Promise<DevstackError> {
  const lines = (await server.log()).trim().split('\n').slice(-8).join('\n');
  return new DevstackError(`PostgreSQL ${how} while starting; see ${logFile}\n${lines}`);
}

/** SQLSTATE of a server that is up but still recovering. */
const CANNOT_CONNECT_NOW = '57P03';

async function tryToConnect(url: string): Promise<true | undefined> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE_NAME]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE_NAME}`);
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === CANNOT_CONNECT_NOW) return undefined;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}
