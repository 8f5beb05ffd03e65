import { type DynamicModule, Module } from '@nestjs/common';
import { JobScheduler } from './jobs/job-scheduler.js';
import { LedgerEventsController } from './registry/ledger-events.controller.js';
import type { Resources } from './resources.js';
import { RESOURCES } from './tokens.js';

@Module({ controllers: [LedgerEventsController], providers: [JobScheduler] })
class SchedulerModule {}

/** The scheduler as a service: follows the ledger's events and wakes the jobs. */
export const schedulerModule = (resources: Resources): DynamicModule => ({
  module: SchedulerModule,
  providers: [{ provide: RESOURCES, useValue: resources }],
});
