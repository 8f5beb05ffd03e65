import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { TOPICS } from '@subledger/contracts';
import { decide, parsePoints } from '@subledger/core';
import { PartitionKeeper, prismaAdapter } from '@subledger/database';
import {
  DeadLetterSeal,
  ensureTopics,
  type FencedTopic,
  KafkaBatchServer,
  type KafkaConfig,
  LogReader,
  TransactionalPublisher,
} from '@subledger/kafka';
import {
  kafkaConfigFrom,
  type Logger,
  NestLogger,
  type RunningService,
  type ServiceContext,
} from '@subledger/service-kit';
import type pg from 'pg';
import { allowsEarlyRoll, type LedgerConfig } from '../config.js';
import { PrismaClient } from '../generated/prisma/client.js';
import { hasOldJournal, packOldJournal } from '../journal/pack-rows.js';
import { ConcurrencyLimiter } from '../lanes/concurrency-limiter.js';
import type { LaneOptions } from '../lanes/lane-ports.js';
import { processTimers } from '../lanes/lane-timers.js';
import { Lanes, type LanesPorts } from '../lanes/lanes.js';
import { LedgerMetrics } from '../metrics.js';
import { CacheBudget } from '../pipeline/books-cache.js';
import type { RollInParts } from '../pipeline/large-roll.js';
import { BatchProcessor } from '../pipeline/process-batch.js';
import { createLedgerPool, LEDGER_SCHEMA } from '../store/ledger-pool.js';
import type { LedgerStore } from '../store/ledger-store.js';
import { MONTHLY_TABLES, PARTITIONS_LOCK } from '../store/partitions.js';
import { PgLedgerStore } from '../store/pg-ledger-store.js';
import { checkTimeZones } from './check-time-zones.js';
import { LedgerModule } from './ledger.module.js';

const INPUTS = [TOPICS.commands, TOPICS.messages];

/** A working lane looks up holds, charges and commands at the same time. */
const CONNECTIONS_PER_LANE = 2;
/** Connections for other uses than working lanes: takeovers, cursors of idle lanes, readiness. */
const SPARE_CONNECTIONS = 4;
/**
 * Bytes per partition and fetch. Up to two fetches wait per partition, so this limits the memory. It counts compressed
 * bytes, which may be ten times as many once they are read; with 128 kB the peak was 390 MB.
 */
const FETCH_BYTES = 32 * 1_024;
/** How often an idle ledger polls the broker. New records are delivered at once. */
const FETCH_WAIT_MS = 25;
const COMMIT_EVERY_MS = 1_000;
/** Each measurement takes two requests to the broker. */
const LAG_EVERY_MS = 5_000;
/** Milliseconds until an operator's order is noticed. */
const TASKS_EVERY_MS = 1_000;
/** Milliseconds without a heartbeat after which the group gives a member's lanes away. */
const SESSION_TIMEOUT_MS = 15_000;
/** If a lane was fenced and is still ours after a whole session, an outdated owner had fenced it. */
const FENCED_RETRY_MS = SESSION_TIMEOUT_MS + 5_000;

/** Parts that tests replace: a publisher that fails, a shorter pause. */
export type LedgerParts = Partial<Pick<LanesPorts, 'publisherOf' | 'options'>> & {
  readonly decide?: typeof decide;
  readonly rollInParts?: RollInParts;
};

export interface RunningLedger extends RunningService {
  readonly lanes: Lanes;
}

/** Starts the ledger: pool, lanes, and the consumer that feeds them. During an outage it starts, but is not ready. */
export async function startLedger(
  ctx: ServiceContext<LedgerConfig>,
  parts: LedgerParts = {},
): Promise<RunningLedger> {
  const { config, log, health } = ctx;
  const kafka: KafkaConfig = kafkaConfigFrom(config, 'subledger-ledger', log) as KafkaConfig;
  const pool = createLedgerPool({
    url: config.DATABASE_URL,
    max: CONNECTIONS_PER_LANE * config.LANES_AT_ONCE + SPARE_CONNECTIONS,
    onIdleError: (err) => log.warn({ err }, 'database connection lost'),
  });
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: LEDGER_SCHEMA }) });
  let server: KafkaBatchServer | undefined;
  const metrics = new LedgerMetrics(ctx.metrics);
  const store = new PgLedgerStore(pool, prisma, {
    prepare: () => convertJournal(pool, log),
    onDamage: (error) => {
      metrics.damagedBlocks.inc();
      log.error({ err: error }, 'a block of the journal is damaged: see docs/operations/damaged-block.md');
    },
  });
  const months = new PartitionKeeper(pool, { tables: MONTHLY_TABLES, lock: PARTITIONS_LOCK }, log);
  void months.start();
  const reader = new LogReader(kafka);
  void checkTimeZones(pool, metrics, log);
  const lanes = createLanes(ctx, { kafka, store, reader, metrics, server: () => server }, parts);
  server = new KafkaBatchServer(kafka, {
    groupId: `${config.KAFKA_TOPIC_PREFIX}${config.KAFKA_GROUP}`,
    coPartitioned: true,
    fromBeginning: true,
    commit: 'manual',
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    maxBytesPerPartition: FETCH_BYTES,
    maxWaitTimeMs: FETCH_WAIT_MS,
    onAssigned: (assigned) => lanes.onAssigned(assigned),
    onRevoked: (revoked) => lanes.onRevoked(revoked),
    onOffsetOutOfRange: (at) => lanes.onOffsetOutOfRange(at),
  });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(LedgerModule.with(lanes), {
    strategy: server,
    logger: new NestLogger(log),
  });
  await app.listen();
  registerChecks(health, pool, lanes, server);
  return { lanes, stop: () => stopLedger(app, { lanes, months, reader, prisma, pool, log }) };
}

/** Converts the journal of an earlier release before any lane works. Only after an update is there something to do. */
async function convertJournal(pool: pg.Pool, log: Logger): Promise<void> {
  if (!(await hasOldJournal(pool))) return;
  log.info({}, 'the journal is of an earlier release, and is converted before the lanes work');
  const packed = await packOldJournal(pool, (progress) => log.info({ ...progress }, 'events converted'));
  log.info({ packed }, 'the journal is converted');
}

interface Connections {
  readonly kafka: KafkaConfig;
  readonly store: LedgerStore;
  readonly reader: LogReader;
  readonly metrics: LedgerMetrics;
  readonly server: () => KafkaBatchServer | undefined;
}

function createLanes(
  { config, log }: ServiceContext<LedgerConfig>,
  { kafka, store, reader, metrics, server }: Connections,
  parts: LedgerParts,
): Lanes {
  const policy = {
    maxSubAccounts: config.MAX_SUB_ACCOUNTS,
    maxMessagePoints: parsePoints(config.MAX_MESSAGE_POINTS),
    allowEarlyRoll: allowsEarlyRoll(config),
  };
  const partitions = () => config.KAFKA_PARTITIONS;
  const options: LaneOptions = {
    batch: config.LANE_BATCH,
    idleCursorMs: 200,
    retryMs: { from: 100, to: config.LANE_RETRY_MAX_MS },
    fencedRetryMs: FENCED_RETRY_MS,
  };
  const tombstoneGraceMs = config.TOMBSTONE_GRACE_MS;
  return new Lanes({
    store,
    log,
    tombstoneGraceMs,
    partitions,
    now: Date.now,
    timers: processTimers,
    tasksEveryMs: TASKS_EVERY_MS,
    metrics,
    options,
    inspector: reader,
    owner: `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`,
    processor: new BatchProcessor({
      store,
      policy,
      tombstoneGraceMs,
      now: Date.now,
      decide: parts.decide ?? decide,
      seal: new DeadLetterSeal(config.DEAD_LETTER_KEY),
      ...(parts.rollInParts ? { rollInParts: parts.rollInParts } : {}),
      partitions,
      metrics,
      log,
    }),
    database: new ConcurrencyLimiter(config.LANES_AT_ONCE * config.LANE_BATCH),
    kafka: new ConcurrencyLimiter(config.PUBLISH_AT_ONCE),
    budget: new CacheBudget(config.CACHED_SUB_ACCOUNTS),
    publisherOf: (lane) =>
      new TransactionalPublisher(kafka, `ledger-lane-${lane}`, { fences: fencesOf(config.KAFKA_PARTITIONS) }),
    consumer: () => server()?.consumer,
    commitEveryMs: COMMIT_EVERY_MS,
    logEnds: (topic, partitions) => reader.ends(topic, partitions),
    lagEveryMs: LAG_EVERY_MS,
    prepare: () => checkPartitions(kafka, config.KAFKA_PARTITIONS),
    ...pick(parts),
  });
}

/**
 * All topics that a lane writes to: events, limits and dead letters, and the inputs, to forward records of other
 * partitions.
 */
function fencesOf(count: number): FencedTopic[] {
  const partitions = Array.from({ length: count }, (_, partition) => partition);
  return [
    ...[TOPICS.events, TOPICS.limits, TOPICS.deadLetters].map((topic) => ({ topic, partitions })),
    ...INPUTS.map((topic) => ({ topic, partitions, onDemand: true })),
  ];
}

const pick = ({ publisherOf, options }: LedgerParts) => ({
  ...(publisherOf ? { publisherOf } : {}),
  ...(options ? { options } : {}),
});

/**
 * Checks what lanes depend on: at least the configured number of partitions, because a record's lane follows from it,
 * and the broker's clock on every record. Records on further partitions are forwarded.
 * @throws PartitionCountError
 */
async function checkPartitions(kafka: KafkaConfig, partitions: number): Promise<void> {
  await ensureTopics(
    kafka,
    INPUTS.map((name) => ({
      name,
      partitions,
      mayHaveMore: true,
      config: { 'message.timestamp.type': 'LogAppendTime' },
    })),
  );
}

function registerChecks(
  health: ServiceContext<LedgerConfig>['health'],
  pool: pg.Pool,
  lanes: Lanes,
  server: KafkaBatchServer,
): void {
  health.register('database', () => pool.query('SELECT 1'));
  health.register('consumer', async () => {
    if (!server.consumer) throw new Error('the consumer is stopped');
    server.consumer.assertReading();
  });
  health.register('lanes', async () => {
    lanes.assertRunning();
    return lanes.beyondNote;
  });
}

interface Stoppable {
  readonly lanes: Lanes;
  readonly months: PartitionKeeper;
  readonly reader: LogReader;
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  readonly log: Logger;
}

async function stopLedger(
  app: { close(): Promise<void> },
  { lanes, months, reader, prisma, pool, log }: Stoppable,
): Promise<void> {
  // The consumer first gives its partitions back, which ends their lanes while they are still ours.
  await app.close();
  await lanes.end();
  await months.stop();
  await reader.close();
  await prisma.$disconnect();
  await pool.end().catch((err: unknown) => log.warn({ err }, 'database pool did not end cleanly'));
}
