import type { Logger } from '@subledger/service-kit';
import type pg from 'pg';
import type { JobDetail, JobRunStore } from './job-run-store.js';
import { withLeaderLock } from './leader-lock.js';
import type { SchedulerMetrics } from './scheduler-metrics.js';

export interface ScheduledJob {
  readonly name: string;
  /**
   * One execution as of an instant (epoch milliseconds, by the database's clock).
   * @returns the detail for its row
   */
  run(asOfMs: number, signal: AbortSignal): Promise<JobDetail>;
}

export type Execution = 'done' | 'failed' | 'not-leader' | 'already-running';

/**
 * Runs a scheduled job on one replica at a time, with a row and metrics. Waking too early, too late or twice does no
 * harm, because the job itself queries the database for due work.
 */
export class JobRunner {
  readonly #running = new Map<string, Promise<Execution>>();
  readonly #abort = new AbortController();

  constructor(
    private readonly pool: pg.Pool,
    private readonly runs: JobRunStore,
    private readonly metrics: SchedulerMetrics,
    private readonly now: () => Promise<number>,
    private readonly log: Logger,
  ) {}

  /** Never throws. A failed execution is logged and counted, and the next one catches up. */
  async execute(job: ScheduledJob): Promise<Execution> {
    if (this.#running.has(job.name) || this.#abort.signal.aborted) return 'already-running';
    const execution = this.#lead(job).finally(() => this.#running.delete(job.name));
    this.#running.set(job.name, execution);
    return execution;
  }

  /** Waits for running executions, which stop at their next page. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error('the scheduler is stopping'));
    await Promise.all(this.#running.values());
  }

  async #lead(job: ScheduledJob): Promise<Execution> {
    try {
      const led = await withLeaderLock(this.pool, job.name, () => this.#runOnce(job));
      if (led !== undefined) return led.result;
      this.log.debug({ job: job.name }, 'job: another replica leads');
      this.metrics.jobRuns.inc({ job: job.name, outcome: 'skipped' });
      return 'not-leader';
    } catch (error) {
      this.#reportFailure(job.name, error);
      return 'failed';
    }
  }

  async #runOnce(job: ScheduledJob): Promise<Execution> {
    const endTimer = this.metrics.jobSeconds.startTimer({ job: job.name });
    await this.runs.tidy(job.name);
    const asOfMs = await this.now();
    const id = await this.runs.begin(job.name, 'schedule', asOfMs);
    try {
      const detail = await job.run(asOfMs, this.#abort.signal);
      await this.runs.finish(id, 'done', detail);
      this.log.debug({ job: job.name, asOf: new Date(asOfMs).toISOString(), ...detail }, 'job: done');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // The first error counts, even if the row cannot be written for the same reason.
      await this.runs.finish(id, 'failed', { error: message }).catch(() => {});
      throw error;
    } finally {
      endTimer();
    }
    this.metrics.jobRuns.inc({ job: job.name, outcome: 'done' });
    this.metrics.jobLastSuccess.set({ job: job.name }, Date.now() / 1_000);
    return 'done';
  }

  #reportFailure(job: string, error: unknown): void {
    this.metrics.jobRuns.inc({ job, outcome: 'failed' });
    if (this.#abort.signal.aborted) this.log.info({ job }, 'job: interrupted by the stop');
    else this.log.error({ job, err: error }, 'job: failed, the next execution makes up for it');
  }
}
