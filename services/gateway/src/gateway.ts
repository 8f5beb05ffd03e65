import type { AddressInfo } from 'node:net';
import { TOPICS } from '@subledger/contracts';
import {
  DeadLetterSeal,
  DeadLetterWriter,
  KafkaBatchServer,
  type KafkaConfig,
  RecordProducer,
} from '@subledger/kafka';
import {
  kafkaConfigFrom,
  type Logger,
  type Registry,
  type RunningService,
  type ServiceContext,
} from '@subledger/service-kit';
import { bootstrapCredentials } from './access/bootstrap.js';
import { KeyUse } from './access/key-use.js';
import { KnownKeys } from './access/known-keys.js';
import { openSessions } from './access/open-sessions.js';
import { createApp } from './api/create-app.js';
import type { ServedRoute } from './api/served-routes.js';
import { auditRetention } from './audit/audit-retention.js';
import { createMonitor } from './availability/create-monitor.js';
import type { GatewayConfig } from './config.js';
import { type Database, openDatabase, SCHEMA } from './database/open-database.js';
import { untilDatabaseAnswers } from './database/until-database-answers.js';
import { EVENTS_TRANSPORT } from './events/transports.js';
import type { PrismaClient } from './generated/prisma/client.js';
import { openMessageLog } from './message-log/start-message-log.js';
import { CommandSender } from './operations/command-sender.js';
import { DirectRunner } from './operations/direct-runner.js';
import { OperationsStore } from './operations/operations-store.js';
import { OutcomeListener } from './operations/outcome-listener.js';
import { PendingDirectRequests } from './operations/pending-direct-requests.js';
import { PendingRequests } from './operations/pending-requests.js';
import { Sweeper } from './operations/sweeper.js';
import { WriteRunner } from './operations/write-runner.js';
import { EarlyOutcomes } from './read-model/early-outcomes.js';
import { ReadModel } from './read-model/read-model.js';
import { CustomerLimits } from './request/customer-limits.js';
import { ProfileRelay } from './sender-numbers/profile-relay.js';
import { openStreams } from './streams/open-streams.js';
import { openWebhooks } from './webhooks/start-webhooks.js';

const GROUP = 'gateway';
/**
 * Milliseconds after an instance was killed during which nobody reads its partitions, and writes of their customers
 * answer 202. This is the minimum that brokers allow by default (`group.min.session.timeout.ms`). A false alarm only
 * costs a rebalance and repeats, which the read model drops.
 */
const EVENTS_SESSION_MS = 6_000;
/**
 * As in the ledger. Events still arrive at once. 5 ms, the default, took a quarter of the time of a reading gateway.
 */
const EVENTS_WAIT_MS = 25;
/** The consumer fetches many times a second. Without a fetch for this long, it is stuck. */
const MAX_POLL_AGE_MS = 10_000;

type Context = Pick<ServiceContext<GatewayConfig>, 'config' | 'log' | 'health' | 'metrics' | 'signal'>;
export interface RunningGateway extends RunningService {
  readonly url: string;
  readonly ports: { readonly gateway: number };
  /** Every route of the router, with parameters in its notation (`:id`). */
  readonly routes: readonly ServedRoute[];
}

/** Starts the gateway. Without the broker it starts, but is not ready. It waits for the database. */
export async function startGateway(context: Context): Promise<RunningGateway> {
  const { config, log, health, metrics, signal } = context;
  const database = openDatabase(config, log);
  const { pool, batchPool, probePool, prisma } = database;
  const publicUrl = config.PUBLIC_URL ?? `http://${config.GATEWAY_HOST}:${config.GATEWAY_PORT}`;
  const kafka = kafkaConfigFrom(config, 'gateway', log);
  const producer = new RecordProducer(kafka, { deliveryTimeoutMs: 5_000, requestTimeoutMs: 3_000 });
  const sender = new CommandSender(producer);
  const monitor = createMonitor({ kafka, usesTls: config.KAFKA_SSL, sender, probePool, log });
  // Each first step is repeated if the connection fails: a database that has just started may stall again.
  const whenAnswered = (ask: () => Promise<unknown>) => untilDatabaseAnswers(ask, { log, signal });
  await whenAnswered(() => probePool.query('SELECT 1'));
  await whenAnswered(() => bootstrapCredentials(prisma, config));
  await monitor.start();
  const sessions = await openSessions(prisma, config, publicUrl, log);
  const access = openAccess(prisma, metrics, log);
  const { keys, keyUse, customers } = access;
  const shared = { config, customers, metrics, log };
  const { pending, direct, sweeper, ...runners } = openOperations(context, { database, sender, publicUrl });
  const deadLetters = new DeadLetterWriter(
    producer,
    TOPICS.deadLetters,
    new DeadLetterSeal(config.DEAD_LETTER_KEY),
  );
  const webhooks = openWebhooks(pool, config, metrics, log);
  const { hub, streams } = openStreams({ ...shared, database, sessions: sessions.store, publicUrl });
  const notified = { pending, direct, sweeper, keys, webhooks: webhooks.listeners, streams: hub };
  const listener = new OutcomeListener(config.DATABASE_URL, notified, log);
  const profiles = new ProfileRelay(database.relayPool, kafka, config.KAFKA_PARTITIONS, log);
  const retention = auditRetention(pool, config.KEEP_AUDIT_MONTHS, log);
  const pools = { steps: pool, oneStatement: batchPool };
  const early = new EarlyOutcomes(direct);
  const readModel = new ReadModel(pools, deadLetters, early, pending, webhooks.feed, log);
  const events = createEventsConsumer(config, kafka, readModel);
  const messages = openMessageLog({ ...shared, schema: SCHEMA, pool, kafka, deadLetters });
  await whenAnswered(() => messages.start());
  await whenAnswered(() => webhooks.start());
  const base = { ...access, publicUrl, database, sessions, monitor, health, metrics, log, ...runners };
  const parts = { ...base, readModel, messages, webhooks, streams };
  const { app, routes } = await createApp(parts, [events, messages.consumer], config);
  health.register('database', () => monitor.check('database'));
  health.register('broker', () => monitor.check('broker'));
  health.register('events', () => checkConsumer(events));
  health.register('message-log', () => checkConsumer(messages.consumer));
  await listener.start();
  for (const part of [sweeper, profiles, retention, keyUse]) part.start();
  await app.listen(config.GATEWAY_PORT, config.GATEWAY_HOST);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const stop = async () => {
    // Running requests still get their answers: consumer and listener end after them.
    await messages.breakOff();
    await streams.close();
    await app.close();
    await messages.stop();
    await webhooks.stop();
    monitor.close();
    for (const part of [sweeper, profiles, retention, keyUse, listener, producer]) await part.close();
    await prisma.$disconnect();
    await Promise.all([pool, batchPool, probePool].map((one) => one.end()));
  };
  return { url: `http://${config.GATEWAY_HOST}:${port}`, ports: { gateway: port }, routes, stop };
}

const openAccess = (prisma: PrismaClient, metrics: Registry, log: Logger) => ({
  keys: KnownKeys.of(prisma),
  keyUse: new KeyUse(prisma, log),
  customers: new CustomerLimits(metrics, log),
});

/** Connects the parts of writes. */
function openOperations(
  { config, log }: Context,
  { database, sender, publicUrl }: { database: Database; sender: CommandSender; publicUrl: string },
) {
  const { prisma, pool } = database;
  const store = OperationsStore.of(prisma, pool);
  const pending = new PendingRequests(prisma, log);
  const direct = new PendingDirectRequests();
  const resendAfterMs = config.RESEND_AFTER_MS;
  const options = { waitMs: config.WRITE_WAIT_MS, resendAfterMs, publicUrl };
  const sweeper = new Sweeper(prisma, sender, { resendAfterMs, keepDays: config.KEEP_OPERATIONS_DAYS }, log);
  return {
    pending,
    direct,
    sweeper,
    runner: new WriteRunner(prisma, store, sender, pending, sweeper, options, log),
    directRunner: new DirectRunner(prisma, sender, direct, options, log),
  };
}

const createEventsConsumer = (config: GatewayConfig, kafka: KafkaConfig, readModel: ReadModel) =>
  new KafkaBatchServer(kafka, {
    onFetched: (records) => readModel.notifyEarly(records),
    groupId: `${config.KAFKA_TOPIC_PREFIX}${GROUP}`,
    fromBeginning: true,
    commit: 'after-batch',
    sessionTimeoutMs: EVENTS_SESSION_MS,
    maxWaitTimeMs: EVENTS_WAIT_MS,
    transportId: EVENTS_TRANSPORT,
  });

/** @throws Error if the consumer is not reliable */
async function checkConsumer({ consumer }: KafkaBatchServer): Promise<void> {
  if (!consumer) throw new Error('the consumer is not running');
  consumer.assertReading();
  if (consumer.lastPollAgeMs > MAX_POLL_AGE_MS) throw new Error('the consumer is stuck');
}
