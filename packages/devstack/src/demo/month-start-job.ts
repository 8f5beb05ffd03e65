import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { nextPeriod, periodStart } from '@subledger/core';
import { serviceScript } from '@subledger/service-kit/installed-services';
import { type DemoContext, until } from './context.js';

const run = promisify(execFile);
const JOB_TIMEOUT_MS = 120_000;

/** When the month after this period begins, as an ISO instant. */
export function nextMonthStart(period: string, timeZone: string): string {
  return new Date(periodStart(nextPeriod(period), timeZone)).toISOString();
}

/** The scheduler learns of customers from events, so it may not know one that was opened a moment ago. */
const ATTEMPTS = 5;
const PATIENCE_MS = 5_000;

/**
 * Runs the job until the ledger has rolled. The ledger rolls once, however often the job runs.
 *
 * @throws Error when it has not after several runs
 */
export async function startMonthAt<Account>(
  context: DemoContext,
  at: string,
  ask: () => Promise<Account>,
  isRolled: (account: Account) => boolean,
): Promise<Account> {
  for (let attempt = 1; ; attempt += 1) {
    await runMonthStart(context, at);
    try {
      return await until(context, 'the month start', ask, isRolled, PATIENCE_MS);
    } catch (error) {
      if (attempt === ATTEMPTS || context.signal.aborted) throw error;
    }
  }
}

/**
 * The scheduler's month start, as of an instant: what `npm run job -- month-start --at …` does.
 *
 * @throws Error with the end of its output when the job fails
 */
async function runMonthStart(context: DemoContext, at: string): Promise<void> {
  try {
    await run(process.execPath, [serviceScript('scheduler', 'job.js'), 'month-start', '--at', at], {
      env: { ...process.env, ...context.schedulerEnvironment },
      timeout: JOB_TIMEOUT_MS,
      signal: context.signal,
    });
  } catch (error) {
    const { stderr = '', stdout = '', message } = error as Error & { stderr?: string; stdout?: string };
    const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-5).join('\n');
    throw new Error(`the month-start job failed: ${lines || message}`);
  }
}
