import { Counter, Gauge, Histogram, type Registry } from '@subledger/service-kit';

/** The scheduler's metrics on `/metrics`, beside those of the process. */
export class SchedulerMetrics {
  readonly rollsEmitted: Counter<'repeat'>;
  readonly rollsAnswered: Counter<'outcome'>;
  readonly rollLagSeconds: Histogram;
  readonly jobRuns: Counter<'job' | 'outcome'>;
  readonly jobSeconds: Histogram<'job'>;
  readonly jobLastSuccess: Gauge<'job'>;
  readonly mainAccountsKnown: Gauge;
  readonly mainAccountsOverdue: Gauge;
  readonly eventsRead: Counter<'outcome'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.rollsEmitted = new Counter({
      name: 'subledger_scheduler_rolls_emitted_total',
      help: 'Month-start commands sent; repeat says whether one had been sent before',
      labelNames: ['repeat'],
      registers,
    });
    this.rollsAnswered = new Counter({
      name: 'subledger_scheduler_rolls_answered_total',
      help: 'Month starts that the ledger rolled or refused',
      labelNames: ['outcome'],
      registers,
    });
    this.rollLagSeconds = new Histogram({
      name: 'subledger_scheduler_roll_lag_seconds',
      help: 'Time from a month start to its roll',
      buckets: [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3_600, 86_400],
      registers,
    });
    this.jobRuns = new Counter({
      name: 'subledger_scheduler_job_runs_total',
      help: 'Executions of jobs; outcome is done, failed or skipped (another replica leads)',
      labelNames: ['job', 'outcome'],
      registers,
    });
    this.jobSeconds = new Histogram({
      name: 'subledger_scheduler_job_seconds',
      help: 'How long executions took',
      labelNames: ['job'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1_800],
      registers,
    });
    this.jobLastSuccess = new Gauge({
      name: 'subledger_scheduler_job_last_success_timestamp_seconds',
      help: 'When a job last finished well on this replica',
      labelNames: ['job'],
      registers,
    });
    this.mainAccountsKnown = new Gauge({
      name: 'subledger_scheduler_main_accounts',
      help: 'Main accounts in the registry',
      registers,
    });
    this.mainAccountsOverdue = new Gauge({
      name: 'subledger_scheduler_main_accounts_overdue',
      help: 'Main accounts whose month has started and that are not rolled yet',
      registers,
    });
    this.eventsRead = new Counter({
      name: 'subledger_scheduler_events_read_total',
      help: 'Records of the ledger’s events; outcome is used, ignored or dead-lettered',
      labelNames: ['outcome'],
      registers,
    });
  }
}
