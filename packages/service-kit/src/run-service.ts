import { collectDefaultMetrics, Registry } from 'prom-client';
import type { z } from 'zod';
import { type BaseConfig, type ConfigSchema, loadConfig } from './config.js';
import { ConfigError } from './config-error.js';
import { Health } from './health.js';
import { createLogger, type Logger } from './logger.js';
import { OpsServer } from './ops-server.js';
import { refuseUnsafeBase } from './plain-text-servers.js';
import { refuseDefaultSecrets } from './secrets.js';
import { startTelemetry, type Telemetry } from './telemetry.js';

export interface ServiceContext<Config> {
  readonly config: Config;
  readonly log: Logger;
  readonly health: Health;
  /** The registry of `/metrics`, for the constructors of prom-client's metrics (`registers`). */
  readonly metrics: Registry;
  /** Aborted when the stop begins, also during `start`. */
  readonly signal: AbortSignal;
  /** Stops the service with exit code 1, for failures that only a restart fixes. */
  readonly fail: (reason: string, error?: unknown) => void;
}

export interface RunningService {
  /** Finishes current work and closes everything. Called once. */
  stop(): Promise<void>;
  /** The service's ports beside the ops port, by name. Shown in the `ready` line. */
  readonly ports?: Readonly<Record<string, number>>;
}

export interface ServiceDefinition<Schema extends ConfigSchema> {
  /** Short name such as `ledger`: log field, metrics label, telemetry service. */
  readonly name: string;
  readonly configSchema: Schema;
  /** Secrets beyond the base ones, by variable name. Production refuses empty and default values. */
  readonly secrets?: (config: z.output<Schema>) => Record<string, string | undefined>;
  readonly start: (ctx: ServiceContext<z.output<Schema>>) => Promise<RunningService>;
}

/**
 * Milliseconds between samples of the event loop's delay, which `nodejs_eventloop_lag_*` include. The default of 10
 * takes a hundredth of a core in each idle service.
 */
const EVENT_LOOP_SAMPLE_MS = 50;

/** The message to a parent process with an IPC channel once the service is up. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly service: string;
  /** Port of `/healthz`, `/readyz` and `/metrics`. */
  readonly ops: number;
  readonly [port: string]: number | string;
}

/**
 * Runs a service as this process, from reading the environment to the exit: code 0 after SIGTERM or SIGINT, otherwise
 * 1. It returns when the service is up or the process ends.
 */
export async function runService<Schema extends ConfigSchema>(
  definition: ServiceDefinition<Schema>,
): Promise<void> {
  const config = readConfig(definition);
  if (config === undefined) return process.exit(1);
  const base = config as unknown as BaseConfig;
  const log = createLogger({ service: definition.name, level: base.LOG_LEVEL });
  const shell = new ServiceShell(definition.name, base, log);
  shell.handleSignals();
  await shell.start((ctx) => definition.start({ ...ctx, config }));
}

function readConfig<Schema extends ConfigSchema>(definition: ServiceDefinition<Schema>) {
  try {
    const config = loadConfig(definition.configSchema);
    const base = config as unknown as BaseConfig;
    refuseUnsafeBase(base);
    refuseDefaultSecrets(base.NODE_ENV, definition.secrets?.(config) ?? {});
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Without a valid configuration there is no log level either, so print plain text.
    process.stderr.write(`${definition.name}: ${error.message}\n`);
    return undefined;
  }
}

/** The life cycle of one service process. */
class ServiceShell {
  readonly #health = new Health();
  readonly #metrics = new Registry();
  readonly #abort = new AbortController();
  readonly #ops: OpsServer;
  #telemetry: Telemetry | undefined;
  #starting: Promise<RunningService> | undefined;
  #stopping = false;

  constructor(
    private readonly name: string,
    private readonly config: BaseConfig,
    private readonly log: Logger,
  ) {
    this.#metrics.setDefaultLabels({ service: name });
    collectDefaultMetrics({ register: this.#metrics, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
    this.#ops = new OpsServer({
      host: config.OPS_HOST,
      port: config.OPS_PORT,
      health: this.#health,
      metrics: this.#metrics,
    });
  }

  handleSignals(): void {
    // A terminal signals the whole process group, and a supervisor signals again, so a repeated signal does not mean
    // urgency.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => this.#stop(0, `received ${signal}`));
    }
    process.on('uncaughtException', (error) => this.#fail('uncaught exception', error));
    process.on('unhandledRejection', (error) => this.#fail('unhandled rejection', error));
  }

  async start(start: (ctx: Omit<ServiceContext<never>, 'config'>) => Promise<RunningService>): Promise<void> {
    try {
      this.#telemetry = await startTelemetry(`subledger-${this.name}`);
      const opsPort = await this.#ops.listen();
      this.#starting = start({
        log: this.log,
        health: this.#health,
        metrics: this.#metrics,
        signal: this.#abort.signal,
        fail: (reason, error) => this.#fail(reason, error),
      });
      const service = await this.#starting;
      if (this.#stopping) return;
      this.#health.markUp();
      this.#announce(opsPort, service.ports ?? {});
    } catch (error) {
      if (!this.#stopping) this.#fail(`could not start: ${messageOf(error)}`, error);
    }
  }

  #announce(opsPort: number, ports: Readonly<Record<string, number>>): void {
    this.log.info({ ...ports, ops: opsPort, pid: process.pid }, 'ready');
    const message: ReadyMessage = { ...ports, type: 'ready', service: this.name, ops: opsPort };
    // A parent that has already ended is no reason to stop.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  }

  #fail(reason: string, error?: unknown): void {
    this.log.fatal({ ...(error === undefined ? {} : { err: error }) }, reason);
    this.#health.failLiveness(reason);
    this.#stop(1, reason);
  }

  #stop(exitCode: number, reason: string): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.log.info({ reason }, 'stopping');
    this.#health.markStopping();
    this.#abort.abort(new Error(reason));
    const timeoutMs = this.config.SHUTDOWN_TIMEOUT_MS;
    // Not unref'd: it must fire even if nothing else keeps the process alive.
    setTimeout(() => {
      this.log.fatal({ timeoutMs }, 'did not stop in time, exiting now');
      process.exit(1);
    }, timeoutMs);
    void this.#letGo().then(
      () => this.#exit(exitCode),
      (error: unknown) => {
        this.log.error({ err: error }, 'stopped with an error');
        this.#exit(1);
      },
    );
  }

  async #letGo(): Promise<void> {
    // A running start sees the signal and ends. A failed one has nothing to stop.
    const service = await this.#starting?.catch(() => undefined);
    try {
      await service?.stop();
    } finally {
      this.#health.close();
      await this.#ops.close();
      await this.#telemetry?.stop();
    }
  }

  #exit(code: number): void {
    this.log.info({ code }, 'stopped');
    process.exit(code);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
