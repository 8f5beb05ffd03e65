import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { topicSettings } from '@subledger/contracts';
import { GatewayClient } from '@subledger/gateway-client';
import { deleteTopics, ensureTopics, type KafkaConfig } from '@subledger/kafka';
import { SERVICES, type ServiceName, serviceScript } from '@subledger/service-kit/installed-services';
import { createTestDatabase, type TestDatabase } from '../test-database.js';
import { RoundRobin } from './round-robin.js';
import { type ServiceProcess, spawnService } from './service-process.js';

const run = promisify(execFile);
const DEFAULT_PARTITIONS = 4;

/** Number of gateways in suites that do not set it: `TEST_GATEWAYS`, default 1. */
export const gatewaysByDefault = (): number => Number(process.env.TEST_GATEWAYS || 1);

export interface TestSystemOptions {
  /** Which services run. Default: all three. */
  readonly services?: readonly ServiceName[];
  /** Instances of the gateway. With several, requests alternate between them. Default: TEST_GATEWAYS, otherwise 1. */
  readonly gateways?: number;
  /** Number of lanes. Default 4, enough to distinguish them. */
  readonly partitions?: number;
  /** For every service, on top of what it gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: TEST_KAFKA_BROKERS. */
  readonly kafkaBrokers?: string;
  /** Changes the database's URL for the services, to a proxy. */
  readonly databaseUrlForServices?: (url: string) => string;
}

/** All of Subledger on the shared test servers, isolated from other suites by its own database and topics. */
export class TestSystem {
  readonly database: TestDatabase;
  readonly kafka: KafkaConfig;
  readonly operatorKey = `operator-${randomBytes(16).toString('hex')}`;
  readonly upstreamKey = `upstream-${randomBytes(16).toString('hex')}`;
  readonly operatorPassword = randomBytes(12).toString('hex');
  readonly #options: TestSystemOptions;
  readonly #running = new Map<ServiceName, ServiceProcess>();
  readonly #gateways: ServiceProcess[] = [];
  #balancer: RoundRobin | undefined;

  private constructor(database: TestDatabase, kafka: KafkaConfig, options: TestSystemOptions) {
    this.database = database;
    this.kafka = kafka;
    this.#options = options;
  }

  /**
   * Database, topics, then the services.
   *
   * @throws Error when a service does not get ready; what was made by then is taken away again
   */
  static async start(options: TestSystemOptions = {}): Promise<TestSystem> {
    const brokers = options.kafkaBrokers ?? process.env.TEST_KAFKA_BROKERS;
    if (!brokers) throw new Error('TEST_KAFKA_BROKERS is not set: run the suites with npm test');
    const kafka: KafkaConfig = {
      brokers: brokers.split(','),
      clientId: 'test-system',
      topicPrefix: `t${randomBytes(5).toString('hex')}.`,
    };
    const database = await createTestDatabase({ services: SERVICES });
    const system = new TestSystem(database, kafka, options);
    try {
      const topics = topicSettings(system.#partitions);
      await ensureTopics(
        kafka,
        topics.map(({ name, partitions, config }) => ({ name, partitions, replicationFactor: 1, config })),
      );
      await Promise.all((options.services ?? SERVICES).map((name) => system.#startAll(name)));
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  get #partitions(): number {
    return this.#options.partitions ?? DEFAULT_PARTITIONS;
  }

  /** The REST API as the operator. */
  get operator(): GatewayClient {
    return new GatewayClient(this.gatewayUrl, this.operatorKey);
  }

  /** Address of the gateway. With several instances, each request goes to the next one. */
  get gatewayUrl(): string {
    return this.#balancer?.url ?? this.gatewayUrlOf(0);
  }

  /** One instance of the gateway, past the balancer. */
  gatewayUrlOf(instance: number): string {
    return `http://127.0.0.1:${this.gateway(instance).ports.gateway}`;
  }

  /** @throws Error when there is no such instance */
  gateway(instance: number): ServiceProcess {
    const found = this.#gateways[instance];
    if (!found) throw new Error(`gateway ${instance} does not run`);
    return found;
  }

  /** Requests that each gateway answered behind the balancer; empty with one instance. */
  get answeredByGateway(): readonly number[] {
    return this.#balancer?.answered ?? [];
  }

  /** @throws Error when it does not run. Of several gateways the first */
  service(name: ServiceName): ServiceProcess {
    if (name === 'gateway') return this.gateway(0);
    const found = this.#running.get(name);
    if (!found) throw new Error(`${name} does not run`);
    return found;
  }

  /** Starts a service (again); of the gateway the first instance. */
  async startService(name: ServiceName): Promise<ServiceProcess> {
    if (name === 'gateway') return this.startGateway(0);
    const started = await spawnService(name, this.environment(name));
    this.#running.set(name, started);
    return started;
  }

  /**
   * Starts an instance of the gateway (again). It keeps its port, so that clients find it after a restart.
   *
   * @param env on top of what it gets
   */
  async startGateway(instance: number, env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const GATEWAY_PORT = String(this.#gateways[instance]?.ports.gateway ?? 0);
    const started = await spawnService('gateway', { ...this.environment('gateway'), GATEWAY_PORT, ...env });
    this.#gateways[instance] = started;
    return started;
  }

  async #startAll(name: ServiceName): Promise<void> {
    const count = this.#options.gateways ?? gatewaysByDefault();
    if (name !== 'gateway' || count === 1) {
      await this.startService(name);
      return;
    }
    await Promise.all(Array.from({ length: count }, (_, instance) => this.startGateway(instance)));
    this.#balancer = await RoundRobin.start(this.#gateways.map(({ ports }) => ports.gateway as number));
  }

  /** The variables of a service. */
  environment(name: ServiceName): Record<string, string> {
    const url = this.database.url;
    const common = {
      DATABASE_URL: this.#options.databaseUrlForServices?.(url) ?? url,
      KAFKA_BROKERS: this.kafka.brokers.join(','),
      KAFKA_TOPIC_PREFIX: this.kafka.topicPrefix ?? '',
      KAFKA_PARTITIONS: String(this.#partitions),
      LOG_LEVEL: 'info',
      ...this.#options.env,
    };
    if (name !== 'gateway') return common;
    return {
      // Suites send from one address with one key, as fast as they can.
      RATE_LIMIT_ADDRESS: '0',
      RATE_LIMIT_CUSTOMER: '0',
      RATE_LIMIT_MAIN_ACCOUNT: '0',
      RATE_LIMIT_OPERATOR: '0',
      ...common,
      GATEWAY_PORT: '0',
      OPERATOR_API_KEY: this.operatorKey,
      UPSTREAM_API_KEY: this.upstreamKey,
      OPERATOR_LOGIN: 'operator',
      OPERATOR_PASSWORD: this.operatorPassword,
    };
  }

  /**
   * One run of a scheduler's job as `npm run job` does it.
   *
   * @throws Error with its output when it does not exit with 0
   */
  async runJob(...args: string[]): Promise<string> {
    const script = serviceScript('scheduler', 'job.js');
    const env = { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'test', ...this.environment('scheduler') };
    const { stdout } = await run(process.execPath, [script, ...args], { env, timeout: 120_000 });
    return stdout;
  }

  /** All output of the services, for the message of a failed test. */
  output(): string {
    return this.#processes.map((one) => `── ${one.name}\n${one.output()}`).join('\n');
  }

  async stop(): Promise<void> {
    await this.#balancer?.close();
    await Promise.all(this.#processes.map((one) => one.stop()));
    await deleteTopics(
      this.kafka,
      topicSettings().map(({ name }) => name),
    ).catch(() => {});
    await this.database.drop();
  }

  get #processes(): ServiceProcess[] {
    return [...this.#running.values(), ...this.#gateways];
  }
}
