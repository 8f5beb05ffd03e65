import { runMonthStart } from '../month-start/run-by-hand.js';
import { exitCodeOf, summarize } from '../month-start/run-summary.js';
import type { Resources } from '../resources.js';
import type { ByHandOptions, ByHandOutcome } from './by-hand.js';
import type { JobDetail } from './job-run-store.js';

/** A job of the scheduler. Adding one means adding it to `JOBS`: the alarm, the leader lock and the command follow. */
export interface Job {
  readonly name: string;
  /** When the service runs it: a cron expression of five or six fields, in UTC. */
  readonly cron: string;
  /** For the help of `npm run job`: one line each. */
  readonly help: readonly string[];
  /**
   * One scheduled execution as of an instant (epoch milliseconds, by the database's clock), on one replica at a time.
   * @returns the detail for its row
   */
  run(resources: Resources, asOfMs: number, signal: AbortSignal): Promise<JobDetail>;
  /**
   * One execution by hand, which waits for its results.
   * @throws UsageError if the options do not allow it
   */
  runByHand(resources: Resources, options: ByHandOptions): Promise<ByHandOutcome>;
}

const monthStart: Job = {
  name: 'month-start',
  cron: '* * * * *',
  help: [
    'asks the ledger to roll every main account whose month has started, every',
    'missed month in order, and waits for the answers',
  ],
  async run({ monthStartJob, registry, metrics }, asOfMs, signal) {
    const { emitted, mainAccounts, periods } = await monthStartJob.run({ asOfMs, signal });
    const { known, overdue } = await registry.counts();
    metrics.mainAccountsKnown.set(known);
    metrics.mainAccountsOverdue.set(overdue);
    return { emitted, mainAccounts, periods };
  },
  async runByHand(resources, options) {
    const outcome = await runMonthStart(resources, options);
    return { lines: summarize(outcome), exitCode: exitCodeOf(outcome) };
  },
};

export const JOBS: readonly Job[] = [monthStart];
