import { resolve } from 'node:path';
import { SERVICES, type ServiceName } from '@subledger/service-kit/installed-services';
import { ensureAllTopics, migrateServices } from '@subledger/setup';
import { DevstackError } from '../devstack-error.js';
import { openHome } from '../home.js';
import { choosePort, portFromEnv } from '../ports.js';
import { type Stack, startStack } from '../stack.js';
import { type DevJson, removeDevJson, writeDevJson } from './start-dev-json.js';
import { keptSecrets, type Secrets } from './start-secrets.js';
import { ServiceGroup, type ServiceGroupOptions } from './start-services.js';

export interface SystemOptions extends Omit<ServiceGroupOptions, 'logs' | 'onFailure'> {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Told of each step. */
  readonly say: (line: string) => void;
  /** Aborted when everything must stop. A running start then ends at its next step. */
  readonly signal: AbortSignal;
  /** True: a service that stops is only reported. For development, where the next change restarts it. */
  readonly keepGoing: boolean;
}

/** Something that runs stopped by itself. */
export interface Failure {
  readonly name: string;
  readonly how: string;
  /** The end of its output, where we have it. */
  readonly lastLines: string;
}

const DEFAULT_GATEWAY_PORT = 3_000;
const OPERATOR_LOGIN = 'operator';

/** Servers, migrations, topics and the three services: everything that `npm start` runs, without the demo. */
export class LocalSystem {
  readonly #options: SystemOptions;
  #stack: Stack | undefined;
  #services: ServiceGroup | undefined;
  #environments: Readonly<Record<ServiceName, Record<string, string>>> | undefined;
  #starting: Promise<DevJson> | undefined;
  #secrets: Secrets | undefined;
  #reportFailure: (failure: Failure) => void = () => {};
  readonly failed: Promise<Failure> = new Promise((done) => {
    this.#reportFailure = done;
  });

  constructor(options: SystemOptions) {
    this.#options = options;
  }

  /** @throws DevstackError that says what to do; call `stop` to stop what runs by then */
  start(): Promise<DevJson> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Passwords and keys. @throws Error before the start */
  get secrets(): Secrets {
    if (this.#secrets === undefined) throw new Error('Not started');
    return this.#secrets;
  }

  /** Environment of a service, for a job of its. @throws Error before the start */
  environment(name: ServiceName): Record<string, string> {
    if (this.#environments === undefined) throw new Error('Not started');
    return this.#environments[name];
  }

  /** Starts one service anew, with what is built now. */
  async restart(name: ServiceName): Promise<void> {
    if (!this.#options.signal.aborted) await this.#services?.restart(name, this.environment(name));
  }

  /** Services first, then the servers. Waits for a start that is under way. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    await this.#services?.stop();
    await this.#stack?.stop();
  }

  kill(): void {
    this.#services?.kill();
  }

  async #start(): Promise<DevJson> {
    const { env, say } = this.#options;
    const home = resolve(this.#options.home);
    const gatewayPort = await chooseGatewayPort(env);

    say('Starting PostgreSQL and Kafka …');
    const log = (line: string): void => say(`  ${line}`);
    const stack = await startStack({ home, env, log, whenLocked: () => removeDevJson(home) });
    this.#stack = stack;
    void stack.failed.then((failure) => this.#reportFailure({ ...failure, lastLines: '' }));
    this.#unlessStopping();
    const { logs } = await openHome(home);
    this.#secrets = await keptSecrets(home);

    const applied = [...(await migrateServices(stack.databaseUrl)).values()].flat().length;
    this.#unlessStopping();
    say(`Migrations: ${applied === 0 ? 'up to date' : `${applied} applied`}`);
    const { created } = await ensureAllTopics(
      {
        brokers: stack.kafkaBrokers.split(','),
        clientId: 'subledger-start',
        topicPrefix: env.KAFKA_TOPIC_PREFIX ?? '',
      },
      // Our own Kafka has one broker. Another Kafka uses its own default.
      env.KAFKA_BROKERS ? {} : { replicationFactor: 1 },
    );
    say(`Topics: ${created.length === 0 ? 'up to date' : `${created.length} created`}`);
    this.#unlessStopping();

    const dev = devJson(stack, gatewayPort, env, this.#secrets);
    this.#environments = environments(dev, gatewayPort, env, this.#secrets);
    await this.#startServices(logs);
    await writeDevJson(home, dev);
    return dev;
  }

  async #startServices(logs: string): Promise<void> {
    this.#options.say(`Starting ${SERVICES.join(', ')} …`);
    const { keepGoing, say } = this.#options;
    let isUp = false;
    const onFailure: ServiceGroupOptions['onFailure'] = ({ name, how }, lastLines) => {
      if (isUp && keepGoing) say(`${name} stopped by itself (${how}).\n${lastLines}`);
      else this.#reportFailure({ name, how, lastLines });
    };
    const services = new ServiceGroup({ ...this.#options, logs, onFailure });
    this.#services = services;
    await Promise.all(SERVICES.map((name) => services.start(name, this.environment(name))));
    isUp = true;
  }

  #unlessStopping(): void {
    if (this.#options.signal.aborted) throw new DevstackError('Stopped before everything was up.');
  }
}

/** Checked before anything starts, because a busy port is the most common reason for a failed start. */
async function chooseGatewayPort(env: NodeJS.ProcessEnv): Promise<number> {
  const wanted = portFromEnv('GATEWAY_PORT', env) ?? DEFAULT_GATEWAY_PORT;
  try {
    await choosePort({ wanted, what: 'the gateway', variable: 'GATEWAY_PORT' });
  } catch {
    throw new DevstackError(
      `Port ${wanted}, where the gateway would listen, is in use. Free it, or set GATEWAY_PORT to another port: GATEWAY_PORT=${wanted + 1} npm start`,
    );
  }
  return wanted;
}

function devJson(stack: Stack, gatewayPort: number, env: NodeJS.ProcessEnv, secrets: Secrets): DevJson {
  return {
    gatewayUrl: `http://127.0.0.1:${gatewayPort}`,
    kafkaBrokers: stack.kafkaBrokers,
    databaseUrl: stack.databaseUrl,
    operator: {
      login: env.OPERATOR_LOGIN || OPERATOR_LOGIN,
      password: env.OPERATOR_PASSWORD || secrets.operatorPassword,
      apiKey: env.OPERATOR_API_KEY || secrets.operatorApiKey,
    },
    upstream: { apiKey: env.UPSTREAM_API_KEY || secrets.upstreamApiKey },
    deadLetterKey: env.DEAD_LETTER_KEY || secrets.deadLetterKey,
  };
}

function environments(
  dev: DevJson,
  gatewayPort: number,
  env: NodeJS.ProcessEnv,
  secrets: Secrets,
): Record<ServiceName, Record<string, string>> {
  const common = {
    DATABASE_URL: dev.databaseUrl,
    KAFKA_BROKERS: dev.kafkaBrokers,
    KAFKA_TOPIC_PREFIX: env.KAFKA_TOPIC_PREFIX ?? '',
    LOG_LEVEL: env.LOG_LEVEL || 'info',
    DEAD_LETTER_KEY: dev.deadLetterKey,
  };
  return {
    ledger: common,
    scheduler: common,
    gateway: {
      ...common,
      GATEWAY_PORT: String(gatewayPort),
      GATEWAY_HOST: env.GATEWAY_HOST || '127.0.0.1',
      PUBLIC_URL: env.PUBLIC_URL || dev.gatewayUrl,
      OPERATOR_LOGIN: dev.operator.login,
      OPERATOR_PASSWORD: dev.operator.password,
      OPERATOR_API_KEY: dev.operator.apiKey,
      UPSTREAM_API_KEY: dev.upstream.apiKey,
      WEBHOOK_SECRET_KEY: env.WEBHOOK_SECRET_KEY || secrets.webhookSecretKey,
      // During development, webhook receivers run on the same machine.
      WEBHOOK_ALLOW_PRIVATE_ADDRESSES: env.WEBHOOK_ALLOW_PRIVATE_ADDRESSES || 'true',
    },
  };
}
