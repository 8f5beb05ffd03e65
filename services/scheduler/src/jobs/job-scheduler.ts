import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Resources } from '../resources.js';
import { RESOURCES } from '../tokens.js';
import { Alarm, type Wake } from './alarm.js';
import type { JobName } from './job-run-store.js';
import { JobRunner, type ScheduledJob } from './job-runner.js';

const WAKES: readonly Wake[] = [{ job: 'month-start', cron: '* * * * *' }];
/** Slightly longer than the alarm's minute, so that no month start falls between two checks. */
const LOOK_AHEAD_MS = 65_000;

/**
 * Wakes the jobs: at start (for missed work), every minute, and exactly at a month start that falls between two
 * minutes of the alarm, or for which the alarm was early.
 */
@Injectable()
export class JobScheduler implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly alarm: Alarm;
  private readonly runner: JobRunner;
  private readonly jobs: Record<JobName, ScheduledJob>;
  private nudge: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(@Inject(RESOURCES) private readonly resources: Resources) {
    const { pool, jobRuns, metrics, log, monthStarts } = resources;
    this.runner = new JobRunner(pool, jobRuns, metrics, () => monthStarts.now(), log);
    this.alarm = new Alarm(WAKES, (job) => void this.wake(job), log);
    this.jobs = { 'month-start': monthStartAsJob(resources) };
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.alarm.start();
    for (const { job } of WAKES) void this.wake(job);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.nudge);
    await Promise.all([this.alarm.stop(), this.runner.stop()]);
  }

  private async wake(job: JobName): Promise<void> {
    await this.runner.execute(this.jobs[job]);
    await this.lookAhead();
  }

  /** The wait is only a hint. After it the job checks the database's clock again. */
  private async lookAhead(): Promise<void> {
    try {
      const waitMs = await this.resources.monthStarts.nextDueInMs(LOOK_AHEAD_MS);
      clearTimeout(this.nudge);
      if (waitMs === undefined || this.stopped) return;
      this.nudge = setTimeout(() => void this.wake('month-start'), waitMs + 1);
      this.nudge.unref();
    } catch (error) {
      if (!this.stopped)
        this.resources.log.warn({ err: error }, 'month start: no look ahead, the next minute will do');
    }
  }
}

function monthStartAsJob({ monthStartJob, registry, metrics }: Resources): ScheduledJob {
  return {
    name: 'month-start',
    run: async (asOfMs, signal) => {
      const { emitted, mainAccounts, periods } = await monthStartJob.run({ asOfMs, signal });
      const { known, overdue } = await registry.counts();
      metrics.mainAccountsKnown.set(known);
      metrics.mainAccountsOverdue.set(overdue);
      return { emitted, mainAccounts, periods };
    },
  };
}
