import { hostname } from 'node:os';
import { createPool, prismaAdapter } from '@subledger/database';
import { type KafkaConfig, RecordProducer } from '@subledger/kafka';
import { kafkaConfigFrom, type Logger, type Registry } from '@subledger/service-kit';
import type pg from 'pg';
import { SCHEMA, type SchedulerConfig } from './config.js';
import { PrismaClient } from './generated/prisma/client.js';
import { JobRunStore } from './jobs/job-run-store.js';
import { SchedulerMetrics } from './jobs/scheduler-metrics.js';
import { MonthStartJob } from './month-start/month-start-job.js';
import { MonthStartStore } from './month-start/month-start-store.js';
import { defaultRetryPolicy } from './month-start/run-item.js';
import { EventPositions } from './registry/event-positions.js';
import { RegistryStore } from './registry/registry-store.js';

/** The parts of the scheduler without Nest and command line. Both the service and a single job use them. */
export interface Resources {
  readonly config: SchedulerConfig;
  readonly log: Logger;
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
  readonly kafka: KafkaConfig;
  readonly producer: RecordProducer;
  readonly metrics: SchedulerMetrics;
  readonly positions: EventPositions;
  readonly registry: RegistryStore;
  readonly monthStarts: MonthStartStore;
  readonly monthStartJob: MonthStartJob;
  readonly jobRuns: JobRunStore;
  /** Sends what is under way, then closes Kafka and PostgreSQL. */
  close(): Promise<void>;
}

/** Connects to nothing yet: PostgreSQL and Kafka are connected on first use, and may be unavailable at start. */
export function openResources(config: SchedulerConfig, log: Logger, registry: Registry): Resources {
  const pool = createPool({
    url: config.DATABASE_URL,
    schema: SCHEMA,
    applicationName: 'subledger-scheduler',
    max: config.DATABASE_POOL_MAX,
    onIdleError: (error) => log.warn({ err: error }, 'database: an idle connection was lost'),
  });
  const prisma = new PrismaClient({ adapter: prismaAdapter(pool, { schema: SCHEMA }) });
  const kafka = kafkaConfigFrom(config, 'subledger-scheduler', log.child({ part: 'kafka' }));
  const producer = new RecordProducer(kafka);
  const metrics = new SchedulerMetrics(registry);
  const policy = defaultRetryPolicy(config.MONTH_START_ANSWER_MS);
  const monthStarts = new MonthStartStore(pool, policy);
  const options = { pageSize: config.MONTH_START_PAGE, perSecond: config.MONTH_START_RATE };
  return {
    config,
    log,
    pool,
    prisma,
    kafka,
    producer,
    metrics,
    positions: new EventPositions(pool),
    registry: new RegistryStore(pool, policy),
    monthStarts,
    monthStartJob: new MonthStartJob(monthStarts, producer, metrics, options, log),
    jobRuns: new JobRunStore(prisma, `${hostname()}:${process.pid}`),
    close: async () => {
      await producer.close();
      await prisma.$disconnect();
      await pool.end();
    },
  };
}
