import { isConnectionError, sqlState } from '@subledger/database';
import { KafkaUnavailableError } from '@subledger/kafka';
import {
  type CommandLineProcess,
  createLogger,
  explainFailure,
  loadConfig,
  Registry,
  refuseUnsafeBase,
  withDevStack,
} from '@subledger/service-kit';
import { schedulerConfig } from '../config.js';
import { JOBS, type Job } from '../jobs/registry.js';
import { openResources } from '../resources.js';
import { parseJobArguments, usage } from './job-arguments.js';

export interface JobProcess extends CommandLineProcess {
  readonly signal: AbortSignal;
}

const UNDEFINED_TABLE = '42P01';

const FAILURES = {
  service: 'scheduler',
  what: 'job',
  isDatabaseAway: isConnectionError,
  isKafkaAway: (error: unknown) => error instanceof KafkaUnavailableError,
  isWithoutTables: (error: unknown) => sqlState(error) === UNDEFINED_TABLE,
};

/**
 * Runs one job from the command line.
 * @returns the exit code: 0 success, 1 a failure, 2 wrong usage
 */
export async function runJob(process: JobProcess, jobs: readonly Job[] = JOBS): Promise<number> {
  try {
    const args = parseJobArguments(process.argv, jobs);
    if (args === undefined) {
      process.print(usage(jobs));
      return 0;
    }
    return await withResources(process, async (resources) => {
      const { job, ...given } = args;
      const { lines, exitCode } = await job.runByHand(resources, {
        ...given,
        production: resources.config.NODE_ENV === 'production',
        signal: process.signal,
        print: process.printError,
      });
      for (const line of lines) process.print(line);
      return exitCode;
    });
  } catch (error) {
    if (process.signal.aborted) {
      process.printError('Interrupted. Nothing is lost: the scheduler goes on with what is due.');
      return 1;
    }
    const [code, message] = explainFailure(error, FAILURES);
    process.printError(message);
    return code;
  }
}

async function withResources(
  process: JobProcess,
  work: (resources: ReturnType<typeof openResources>) => Promise<number>,
): Promise<number> {
  // Standard output is for the summary. Logs of the libraries go to standard error.
  const env = { LOG_LEVEL: 'error', ...withDevStack(process.env, process.cwd) };
  const config = loadConfig(schedulerConfig, env);
  refuseUnsafeBase(config);
  const stream = { write: (line: string) => process.printError(line.trimEnd()) };
  const log = createLogger({ service: 'scheduler-job', level: config.LOG_LEVEL, stream });
  const resources = openResources(config, log, new Registry());
  try {
    return await work(resources);
  } finally {
    await resources.close();
  }
}
