import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { TOPICS } from '@subledger/contracts';
import { createPool, prismaAdapter } from '@subledger/database';
import { DeadLetterWriter, KafkaBatchServer, type KafkaConfig, RecordProducer } from '@subledger/kafka';
import {
  kafkaConfigFrom,
  type Logger,
  NestLogger,
  type RunningService,
  type ServiceContext,
} from '@subledger/service-kit';
import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import { Authenticator } from './access/authenticator.js';
import { bootstrapCredentials } from './access/bootstrap.js';
import { Credentials } from './access/credentials.js';
import { KnownKeys } from './access/known-keys.js';
import { LoginAttempts } from './access/login-attempts.js';
import { hashPassword } from './access/passwords.js';
import { SessionCookie } from './access/session-cookie.js';
import { SessionStore } from './access/session-store.js';
import type { SessionParts } from './access/sessions.service.js';
import { probeBrokers } from './availability/broker-probe.js';
import { DependencyMonitor } from './availability/dependency-monitor.js';
import type { GatewayConfig } from './config.js';
import { type GatewayParts, gatewayModule } from './gateway.module.js';
import { PrismaClient } from './generated/prisma/client.js';
import { AnswerInterceptor } from './http/answer.interceptor.js';
import { createFastify } from './http/fastify.js';
import { ProblemFilter } from './http/problem.filter.js';
import { addRequestGate } from './http/request-gate.js';
import { addRequestMetrics } from './http/request-metrics.js';
import { openMessageLog } from './message-log/start-message-log.js';
import { CommandSender } from './operations/command-sender.js';
import { DirectRunner } from './operations/direct-runner.js';
import { OutcomeListener } from './operations/outcome-listener.js';
import { OutcomeRoom } from './operations/outcome-room.js';
import { Sweeper } from './operations/sweeper.js';
import { WaitingRoom } from './operations/waiting-room.js';
import { WriteRunner } from './operations/write-runner.js';
import { ProfileRelay } from './profiles/profile-relay.js';
import { EarlyOutcomes } from './read-model/early-outcomes.js';
import { ReadModel } from './read-model/read-model.js';
import { EVENTS_TRANSPORT } from './transports.js';
import { untilDatabaseAnswers } from './until-database-answers.js';

const SCHEMA = 'gateway';
const GROUP = 'gateway';
const PROBE_EVERY_MS = 1_000;
const PROBE_TIMEOUT_MS = 600;
/** A send that failed counts as an outage for this long; then the next write tries again. */
const SEND_FAILURE_MS = 2_000;
/**
 * So long after an instance was killed nobody reads its partitions, and writes of their customers answer 202. The least
 * that brokers allow by default (`group.min.session.timeout.ms`); a false alarm costs a rebalance and repeats, which the
 * read model drops.
 */
const EVENTS_SESSION_MS = 6_000;
/** As the ledger's. Events come at once all the same; 5 ms, the default, took a quarter of a reading gateway's time. */
const EVENTS_WAIT_MS = 25;
/** The consumer fetches many times a second; this long without one, it is stuck. */
const MAX_POLL_AGE_MS = 10_000;

type Context = Pick<ServiceContext<GatewayConfig>, 'config' | 'log' | 'health' | 'metrics' | 'signal'>;
export interface RunningGateway extends RunningService {
  readonly url: string;
  readonly ports: { readonly gateway: number };
}

/** Starts the gateway; comes up also while the broker is away (not ready), but waits for the database. */
export async function startGateway({
  config,
  log,
  health,
  metrics,
  signal,
}: Context): Promise<RunningGateway> {
  const publicUrl = config.PUBLIC_URL ?? `http://${config.GATEWAY_HOST}:${config.GATEWAY_PORT}`;
  const database = openDatabase(config, log);
  const { pool, probePool, relayPool, prisma } = database;
  const kafka = kafkaConfigFrom(config, 'gateway', log);
  const producer = new RecordProducer(kafka, { deliveryTimeoutMs: 5_000, requestTimeoutMs: 3_000 });
  const sender = new CommandSender(producer);
  const room = new WaitingRoom(prisma, log);
  const resendAfterMs = config.RESEND_AFTER_MS;
  const sweeper = new Sweeper(prisma, sender, { resendAfterMs, keepDays: config.KEEP_OPERATIONS_DAYS }, log);
  const keys = KnownKeys.of(prisma);
  const outcomes = new OutcomeRoom();
  const listener = new OutcomeListener(config.DATABASE_URL, room, outcomes, sweeper, keys, log);
  const monitor = watchDependencies(probePool, sender, kafka, { config, log });
  const writeOptions = { waitMs: config.WRITE_WAIT_MS, resendAfterMs, publicUrl };
  const runner = new WriteRunner(prisma, sender, room, sweeper, writeOptions, log);
  const direct = new DirectRunner(prisma, sender, outcomes, writeOptions, log);
  await untilDatabaseAnswers(() => probePool.query('SELECT 1'), { log, signal });
  await bootstrapCredentials(prisma, config);
  await monitor.start();
  const sessions = await openSessions(prisma, config, publicUrl);
  const profiles = new ProfileRelay(relayPool, kafka, log);
  const groupId = `${config.KAFKA_TOPIC_PREFIX}${GROUP}`;
  const deadLetters = new DeadLetterWriter(producer, TOPICS.deadLetters);
  const readModel = new ReadModel(pool, deadLetters, new EarlyOutcomes(outcomes), log);
  const events = new KafkaBatchServer(kafka, {
    onFetched: (records) => readModel.foresee(records),
    groupId,
    fromBeginning: true,
    commit: 'after-batch',
    sessionTimeoutMs: EVENTS_SESSION_MS,
    maxWaitTimeMs: EVENTS_WAIT_MS,
    transportId: EVENTS_TRANSPORT,
  });
  const messages = openMessageLog({ config, schema: SCHEMA, pool, kafka, deadLetters, log });
  await messages.start();
  const app = await createApp(
    {
      publicUrl,
      database,
      keys,
      readModel,
      runner,
      direct,
      messages,
      monitor,
      health,
      metrics,
      log,
      sessions,
    },
    [events, messages.consumer],
    config,
  );
  registerChecks(health, monitor, { events, 'message-log': messages.consumer });
  await listener.start();
  sweeper.start();
  profiles.start();
  await app.listen(config.GATEWAY_PORT, config.GATEWAY_HOST);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    url: `http://${config.GATEWAY_HOST}:${port}`,
    ports: { gateway: port },
    stop: async () => {
      // Requests under way still get their answers: consumer and listener go after them.
      await messages.breakOff();
      await app.close();
      await messages.stop();
      monitor.close();
      await sweeper.close();
      await profiles.close();
      await listener.close();
      await producer.close();
      await prisma.$disconnect();
      await Promise.all([pool.end(), probePool.end()]);
    },
  };
}

/** Asks database and broker again and again, so that requests need not wait to learn that one is away. */
function watchDependencies(
  probePool: pg.Pool,
  sender: CommandSender,
  { brokers }: KafkaConfig,
  { config, log }: Pick<Context, 'config' | 'log'>,
): DependencyMonitor {
  return new DependencyMonitor(
    {
      everyMs: PROBE_EVERY_MS,
      timeoutMs: PROBE_TIMEOUT_MS,
      probeDatabase: () => probePool.query('SELECT 1'),
      probeBroker: async () => {
        if (sender.hasFailedWithin(SEND_FAILURE_MS)) throw new Error('the last send failed');
        await probeBrokers({ brokers, timeoutMs: PROBE_TIMEOUT_MS, tls: config.KAFKA_SSL });
      },
    },
    log,
  );
}

/** What readiness asks of. */
function registerChecks(
  health: Context['health'],
  monitor: DependencyMonitor,
  consumers: Readonly<Record<string, KafkaBatchServer>>,
): void {
  health.register('database', () => monitor.check('database'));
  health.register('broker', () => monitor.check('broker'));
  for (const [name, consumer] of Object.entries(consumers))
    health.register(name, () => checkConsumer(consumer));
}

/** @throws Error where it cannot be relied on */
async function checkConsumer({ consumer }: KafkaBatchServer): Promise<void> {
  if (consumer?.state !== 'running') throw new Error('the consumer is not running');
  if (consumer.lastPollAgeMs > MAX_POLL_AGE_MS) throw new Error('the consumer is stuck');
}

function openDatabase(
  config: GatewayConfig,
  log: Logger,
): { pool: pg.Pool; probePool: pg.Pool; relayPool: pg.Pool; prisma: PrismaClient } {
  const common = { url: config.DATABASE_URL, schema: SCHEMA };
  const pool = createPool({
    ...common,
    applicationName: 'gateway',
    max: config.DATABASE_CONNECTIONS,
    connectionTimeoutMs: 2_000,
    statementTimeoutMs: 8_000,
    lockTimeoutMs: 5_000,
    onIdleError: (error) => log.warn({ err: error }, 'lost an idle database connection'),
  });
  // A connection of its own: a pool that is merely busy must not look like an outage.
  const probePool = createPool({
    ...common,
    applicationName: 'gateway-probe',
    max: 1,
    connectionTimeoutMs: PROBE_TIMEOUT_MS,
    statementTimeoutMs: PROBE_TIMEOUT_MS,
  });
  // Its one connection holds the lock of whoever publishes profiles.
  const relayPool = createPool({
    ...common,
    applicationName: 'gateway-profiles',
    max: 1,
    statementTimeoutMs: 8_000,
  });
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: SCHEMA }) });
  return { pool, probePool, relayPool, prisma };
}

async function openSessions(
  prisma: PrismaClient,
  config: GatewayConfig,
  publicUrl: string,
): Promise<SessionParts> {
  return {
    prisma,
    credentials: new Credentials(prisma),
    attempts: new LoginAttempts(prisma, {
      perAccount: config.LOGIN_ATTEMPTS_PER_ACCOUNT,
      perAddress: config.LOGIN_ATTEMPTS_PER_ADDRESS,
      windowMs: config.LOGIN_WINDOW_MS,
    }),
    store: new SessionStore(prisma, { idleMs: config.SESSION_IDLE_MS, maxMs: config.SESSION_MAX_MS }),
    cookie: new SessionCookie(publicUrl),
    decoyHash: await hashPassword(randomBytes(32).toString('base64url')),
  };
}

async function createApp(
  parts: GatewayParts,
  consumers: readonly KafkaBatchServer[],
  config: GatewayConfig,
): Promise<NestFastifyApplication> {
  const { log, metrics, monitor, keys, publicUrl, sessions } = parts;
  const adapter = createFastify({
    bodyLimitBytes: config.BODY_LIMIT_BYTES,
    publicUrl,
    trustedProxies: config.TRUSTED_PROXIES,
  });
  const app = await NestFactory.create<NestFastifyApplication>(gatewayModule(parts), adapter, {
    bodyParser: false,
    logger: new NestLogger(log),
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter(publicUrl, monitor, log));
  app.useGlobalInterceptors(new AnswerInterceptor());
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  addRequestGate(fastify, {
    authenticator: new Authenticator(keys, sessions.store, sessions.cookie),
    monitor,
  });
  addRequestMetrics(fastify, metrics);
  for (const strategy of consumers) app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  return app;
}
