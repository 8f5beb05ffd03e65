import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Resources } from '../resources.js';
import { RESOURCES } from '../tokens.js';
import { Alarm } from './alarm.js';
import { JobRunner } from './job-runner.js';
import { JOBS, type Job } from './registry.js';

/** Slightly longer than the alarm's minute, so that no month start falls between two checks. */
const LOOK_AHEAD_MS = 65_000;

/**
 * Wakes the jobs: at start (for missed work), every minute, and exactly at a month start that falls between two
 * minutes of the alarm, or for which the alarm was early.
 */
@Injectable()
export class JobScheduler implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #alarm: Alarm;
  readonly #runner: JobRunner;
  #nudge: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(@Inject(RESOURCES) private readonly resources: Resources) {
    const { pool, jobRuns, metrics, log, monthStarts } = resources;
    this.#runner = new JobRunner(pool, jobRuns, metrics, () => monthStarts.now(), log);
    const wakes = JOBS.map(({ name, cron }) => ({ job: name, cron }));
    this.#alarm = new Alarm(wakes, (name) => void this.#wakeNamed(name), log);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#alarm.start();
    for (const job of JOBS) void this.#wake(job);
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#nudge);
    await Promise.all([this.#alarm.stop(), this.#runner.stop()]);
  }

  async #wakeNamed(name: string): Promise<void> {
    const job = JOBS.find((one) => one.name === name);
    if (job) await this.#wake(job);
  }

  async #wake({ name, run }: Job): Promise<void> {
    await this.#runner.execute({ name, run: (asOfMs, signal) => run(this.resources, asOfMs, signal) });
    await this.#lookAhead();
  }

  /** The wait is only a hint. After it the job checks the database's clock again. */
  async #lookAhead(): Promise<void> {
    try {
      const waitMs = await this.resources.monthStarts.nextDueInMs(LOOK_AHEAD_MS);
      clearTimeout(this.#nudge);
      if (waitMs === undefined || this.#stopped) return;
      this.#nudge = setTimeout(() => void this.#wakeNamed('month-start'), waitMs + 1);
      this.#nudge.unref();
    } catch (error) {
      if (!this.#stopped)
        this.resources.log.warn({ err: error }, 'month start: no look ahead, the next minute will do');
    }
  }
}
