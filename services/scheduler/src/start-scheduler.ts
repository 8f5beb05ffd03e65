import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { KafkaBatchServer } from '@subledger/kafka';
import { type Health, NestLogger, type RunningService, type ServiceContext } from '@subledger/service-kit';
import { GROUP_ID, type SchedulerConfig } from './config.js';
import { openResources, type Resources } from './resources.js';
import { schedulerModule } from './scheduler.module.js';

/** If a batch of events takes longer than this, it hangs. */
const MAX_HANDLER_MS = 60_000;

/** Starts the service. PostgreSQL and Kafka may still be unavailable, which readiness shows. */
export async function startScheduler(
  ctx: Pick<ServiceContext<SchedulerConfig>, 'config' | 'log' | 'metrics' | 'health'>,
): Promise<RunningService> {
  const resources = openResources(ctx.config, ctx.log, ctx.metrics);
  const strategy = new KafkaBatchServer(resources.kafka, {
    // The prefix separates installations on one cluster. Groups need it like topics.
    groupId: `${ctx.config.KAFKA_TOPIC_PREFIX}${GROUP_ID}`,
    fromBeginning: true,
    commit: 'after-batch',
    // A registry row is not needed within milliseconds, so an idle consumer can save most of its requests.
    maxWaitTimeMs: 100,
    onAssigned: (assigned) => resources.positions.begin(assigned),
  });
  const app = await NestFactory.createMicroservice(schedulerModule(resources), {
    strategy,
    logger: new NestLogger(ctx.log),
    abortOnError: false,
  });
  await app.listen();
  registerChecks(ctx.health, resources, strategy);
  return {
    stop: async () => {
      await app.close();
      await resources.close();
    },
  };
}

function registerChecks(health: Health, resources: Resources, strategy: KafkaBatchServer): void {
  health.register('database', () => resources.pool.query('SELECT 1'));
  health.register('kafka-consumer', async () => {
    const { consumer } = strategy;
    if (!consumer) throw new Error('the consumer is not started');
    consumer.assertReading();
    if (consumer.oldestHandlerMs > MAX_HANDLER_MS)
      throw new Error('a batch of events has been stuck for a minute');
  });
}
