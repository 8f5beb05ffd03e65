import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '@subledger/service-kit';
import type { ByHandOptions } from '../jobs/by-hand.js';
import { partitionsBehind } from '../registry/registry-lag.js';
import type { Resources } from '../resources.js';
import {
  type FailedItem,
  type PeriodReport,
  type ReportScope,
  reportFailures,
  reportPeriods,
  type Totals,
  totalOf,
} from './run-report.js';

export interface MonthStartOutcome {
  readonly asOfMs: number;
  readonly mainAccounts: number;
  readonly periods: readonly PeriodReport[];
  readonly totals: Totals;
  /** The first few that are not rolled. */
  readonly failures: readonly FailedItem[];
}

const CATCH_UP_MS = 10_000;
const MAX_POLL_MS = 1_000;
const SHOWN_FAILURES = 10;

/**
 * One month-start job by hand: sends every roll that is due as of an instant, in order, and waits for the ledger's
 * answers, which the running scheduler service stores.
 *
 * @throws UsageError if the arguments do not allow it
 */
export async function runMonthStart(
  resources: Resources,
  options: ByHandOptions,
): Promise<MonthStartOutcome> {
  const { monthStarts, monthStartJob, jobRuns, registry } = resources;
  const nowMs = await monthStarts.now();
  const asOfMs = options.atMs ?? nowMs;
  if (options.production && asOfMs > nowMs) {
    throw new UsageError('--at is in the future; in production a month starts when it starts.');
  }
  await waitForRegistry(resources, options);
  const { known } = await registry.counts();
  const runId = await jobRuns.begin('month-start', 'manual', asOfMs);
  try {
    // The database's clock at the start. All later claims belong to this run.
    const scope: ReportScope = { asOfMs, sinceMs: await monthStarts.now() };
    await monthStartJob.run({ asOfMs, signal: options.signal, force: true });
    const periods = await waitForAnswers(resources, scope, options);
    const totals = totalOf(periods);
    const failures = await reportFailures(resources.pool, scope, SHOWN_FAILURES);
    await jobRuns.finish(runId, totals.failed + totals.open > 0 ? 'failed' : 'done', { ...totals });
    return { asOfMs, mainAccounts: known, periods, totals, failures };
  } catch (error) {
    await jobRuns.finish(runId, 'failed', { error: (error as Error).message }).catch(() => {});
    throw error;
  }
}

/**
 * The running service keeps the registry. This process only reads it, so it says if the registry is not up to date.
 */
async function waitForRegistry(resources: Resources, options: ByHandOptions): Promise<void> {
  const deadline = performance.now() + CATCH_UP_MS;
  for (let first = true; ; first = false) {
    const positions = await resources.positions.all();
    if (positions.length === 0) {
      throw new UsageError(
        'The scheduler service has never run with this database, so nobody knows which months are due.\n' +
          'Start it (npm start runs it) and try again.',
      );
    }
    const behind = await partitionsBehind(resources.kafka, positions);
    if (behind === 0) return;
    if (performance.now() > deadline) {
      options.print(
        `The registry lacks the newest events of ${behind} partition(s): is the scheduler service running? ` +
          'Main accounts may be missing here; going on with what is known.',
      );
      return;
    }
    if (first) options.print('Waiting for the scheduler service to read the newest events…');
    await sleep(250, undefined, { signal: options.signal });
  }
}

/** Waits until every roll is answered or the time is up. Sends rolls again if the ledger does not answer for long. */
async function waitForAnswers(
  resources: Resources,
  scope: ReportScope,
  options: ByHandOptions,
): Promise<PeriodReport[]> {
  const deadline = performance.now() + options.timeoutMs;
  const repeatMs = resources.config.MONTH_START_ANSWER_MS;
  let repeatAt = performance.now() + repeatMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(MAX_POLL_MS, pauseMs * 2)) {
    const periods = await reportPeriods(resources.pool, scope);
    if (totalOf(periods).open === 0 || performance.now() >= deadline) return periods;
    if (performance.now() > repeatAt) {
      await resources.monthStartJob.run({ asOfMs: scope.asOfMs, signal: options.signal });
      repeatAt = performance.now() + repeatMs;
    }
    await sleep(pauseMs, undefined, { signal: options.signal });
  }
}
