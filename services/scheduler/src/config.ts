import { baseConfig, durationMs } from '@subledger/service-kit';
import { z } from 'zod';

const count = (max: number) => z.coerce.number().int().min(1).max(max);

/** Settings of both the service and a single job, to find month starts and to send rolls. */
const monthStartConfig = {
  MONTH_START_RATE: count(100_000).default(500).describe('rolls sent per second at most, 1 to 100000'),
  MONTH_START_PAGE: count(10_000).default(500).describe('main accounts claimed at a time, 1 to 10000'),
  MONTH_START_ANSWER_MS: durationMs
    .default(30_000)
    .describe('milliseconds without an answer after which a roll is sent again, 1 to 86400000'),
  DATABASE_POOL_MAX: count(100).default(8).describe('most database connections, 1 to 100'),
};

export const schedulerConfig = z.object({ ...baseConfig, ...monthStartConfig });
export type SchedulerConfig = z.output<typeof schedulerConfig>;

/** PostgreSQL schema and Kafka consumer group of this service. */
export const SCHEMA = 'scheduler';
export const GROUP_ID = 'scheduler';
/** CloudEvents source of the scheduler's commands. */
export const SOURCE = '/subledger/scheduler';
