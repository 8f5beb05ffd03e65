import { randomBytes } from 'node:crypto';
import { topicSettings } from '@subledger/contracts';
import { deleteTopics, ensureTopics, type KafkaConfig } from '@subledger/kafka';
import { createLogger, Health, loadConfig, Registry } from '@subledger/service-kit';
import { CoreLedger, createTestDatabase, eventually, type TestDatabase } from '@subledger/testing';
import { gatewayConfig } from '../config.js';
import { type RunningGateway, startGateway } from '../gateway.js';

export const OPERATOR_KEY = 'operator-key-of-the-suites-0123456789';
/** Password of all logins in the suites. */
export const PASSWORD = 'lantern5moss';
export const UPSTREAM_KEY = 'upstream-key-of-the-suites-0123456789';

/** The time at which the suites' ledger decides. */
export const NOW = Date.parse('2026-11-23T09:00:00Z');

/** Partitions of each topic. */
const PARTITIONS = 3;

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: suites look into bodies of any shape
  body: any;
}
/** The state of a browser after login. */
export interface TestSession {
  readonly cookie: string;
  readonly csrfToken: string;
}
export interface CallOptions {
  key?: string | null;
  body?: unknown;
  /** Used instead of a key: its cookie, and for writes its token. */
  session?: TestSession;
  /** Sent unchanged. */
  raw?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  /** Of another instance. */
  url?: string;
}

/** A gateway with its own database and topics, and a ledger in memory behind it. */
export class TestGateway {
  private constructor(
    readonly kafka: KafkaConfig,
    readonly database: TestDatabase,
    readonly ledger: CoreLedger,
    public running: RunningGateway,
    readonly health: Health,
    /** Every line that the instances logged. */
    readonly logged: string[],
    private readonly env: Record<string, string>,
  ) {}

  /** @param databasePort port of a proxy, if the gateway must reach the database through one */
  static async start(env: Record<string, string> = {}, databasePort?: number): Promise<TestGateway> {
    const brokers = (process.env.TEST_KAFKA_BROKERS ?? '').split(',');
    const topicPrefix = `gw-${process.pid}-${randomBytes(4).toString('hex')}-`;
    const kafka: KafkaConfig = { brokers, clientId: 'gateway-suite', topicPrefix };
    const database = await createTestDatabase({ services: ['gateway'] });
    await ensureTopics(
      kafka,
      topicSettings(PARTITIONS).map(({ name, partitions, config }) => ({ name, partitions, config })),
    );
    const ledger = new CoreLedger(kafka, NOW);
    await ledger.start();
    const all = {
      NODE_ENV: 'test',
      DATABASE_URL: throughPort(database.url, databasePort),
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: topicPrefix,
      KAFKA_PARTITIONS: String(PARTITIONS),
      GATEWAY_PORT: '0',
      PUBLIC_URL: 'http://gateway.test',
      OPERATOR_API_KEY: OPERATOR_KEY,
      UPSTREAM_API_KEY: UPSTREAM_KEY,
      // The suites send from one address as fast as they can. limits.int.spec.ts tests the limits.
      RATE_LIMIT_ADDRESS: '0',
      RATE_LIMIT_CUSTOMER: '0',
      RATE_LIMIT_MAIN_ACCOUNT: '0',
      RATE_LIMIT_OPERATOR: '0',
      LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent',
      ...env,
    };
    const logged: string[] = [];
    const { running, health } = await boot(all, logged);
    return new TestGateway(kafka, database, ledger, running, health, logged, all);
  }

  /** A second instance on the same database and topics. */
  async another(env: Record<string, string> = {}): Promise<RunningGateway> {
    return (await boot({ ...this.env, ...env }, this.logged)).running;
  }

  async stop(): Promise<void> {
    await this.running.stop();
    this.health.close();
    await this.ledger.stop();
    await this.database.drop();
    await deleteTopics(
      this.kafka,
      topicSettings(PARTITIONS).map(({ name }) => name),
    );
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Reply> {
    const { session } = options;
    const key = session ? null : options.key === undefined ? OPERATOR_KEY : options.key;
    const hasBody = options.body !== undefined || options.raw !== undefined;
    const response = await fetch(`${options.url ?? this.running.url}${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(hasBody ? { 'content-type': 'application/json' } : {}),
        ...(session ? { cookie: session.cookie, 'x-csrf-token': session.csrfToken } : {}),
        ...options.headers,
      },
      ...(hasBody ? { body: options.raw ?? JSON.stringify(options.body) } : {}),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text ? JSON.parse(text) : text,
    };
  }

  /** A main account with the active feature and `points` purchased. With `login` its password is `PASSWORD`. */
  async mainAccount(points = '1000', login?: string): Promise<string> {
    const credentials = login === undefined ? {} : { login, password: PASSWORD };
    const { id } = await this.#written('/v1/main-accounts', { name: 'Kita', plan: 'prepay', ...credentials });
    await this.#written(`/v1/main-accounts/${id}/activation`, { decision: 'approve' });
    await this.#written(`/v1/main-accounts/${id}/purchases`, { points });
    return id;
  }

  /** The answer of a write, also if a busy machine takes longer than the wait, and it is 202 first. */
  async #written(path: string, body: object): Promise<Reply['body']> {
    const options = { body, headers: { 'idempotency-key': randomBytes(16).toString('hex') } };
    let reply = await this.call('POST', path, options);
    await eventually(
      async () => {
        if (reply.status === 202) reply = await this.call('POST', path, options);
        return reply.status !== 202;
      },
      { what: `the outcome of ${path}`, timeoutMs: 20_000 },
    );
    return reply.body;
  }

  async apiKey(mainAccountId: string, scopes: string[]): Promise<string> {
    const { body } = await this.call('POST', `/v1/main-accounts/${mainAccountId}/api-keys`, {
      body: { name: 'suite', scopes },
    });
    return body.key;
  }

  async subAccount(mainAccountId: string, name: string, limit = '100'): Promise<string> {
    const path = `/v1/main-accounts/${mainAccountId}/sub-accounts`;
    return (await this.#written(path, { name, password: PASSWORD, limit })).id;
  }

  /** The last part of a main account's `loginUrl`. */
  async loginKey(mainAccountId: string): Promise<string> {
    const { body } = await this.call('GET', `/v1/main-accounts/${mainAccountId}`);
    return body.loginUrl.split('/').at(-1);
  }

  /**
   * Logs in with `PASSWORD` (or another one).
   * @throws Error unless the answer is 201
   */
  async logIn(body: Record<string, string>): Promise<TestSession> {
    const reply = await this.call('POST', '/v1/session', {
      key: null,
      body: { password: PASSWORD, ...body },
    });
    if (reply.status !== 201) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`);
    return sessionOf(reply);
  }
}

/** The session cookie and token of an answer. */
export function sessionOf({ headers, body }: Reply): TestSession {
  const cookie = headers.get('set-cookie')?.split(';')[0] ?? '';
  return { cookie, csrfToken: body.csrfToken };
}

function throughPort(url: string, port: number | undefined): string {
  const parsed = new URL(url);
  if (port !== undefined) parsed.host = `127.0.0.1:${port}`;
  return parsed.href;
}

async function boot(
  env: Record<string, string>,
  logged: string[],
): Promise<{ running: RunningGateway; health: Health }> {
  const config = loadConfig(gatewayConfig, env);
  const health = new Health();
  const stream = {
    write: (line: string) => {
      logged.push(line);
      if (process.env.TEST_LOG_LEVEL) process.stderr.write(line);
    },
  };
  const log = createLogger({ service: 'gateway', level: config.LOG_LEVEL, stream });
  const running = await startGateway({
    config,
    log,
    health,
    metrics: new Registry(),
    signal: new AbortController().signal,
  });
  health.markUp();
  return { running, health };
}
