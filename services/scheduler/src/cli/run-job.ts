import { isConnectionError, sqlState } from '@subledger/database';
import { KafkaUnavailableError } from '@subledger/kafka';
import {
  ConfigError,
  createLogger,
  loadConfig,
  messageOf,
  Registry,
  refuseDefaultBaseSecrets,
  UsageError,
  withDevStack,
} from '@subledger/service-kit';
import { schedulerConfig } from '../config.js';
import { openResources } from '../resources.js';
import { parseJobArguments, USAGE } from './job-arguments.js';
import { runMonthStart } from './month-start-run.js';
import { exitCodeOf, summarize } from './month-start-summary.js';

export interface JobProcess {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
}

const UNDEFINED_TABLE = '42P01';

/** Runs one job from the command line and gives the exit code: 0 all well, 1 something failed, 2 wrong usage. */
export async function runJob(process: JobProcess): Promise<number> {
  try {
    const args = parseJobArguments(process.argv);
    if (args === undefined) {
      process.print(USAGE);
      return 0;
    }
    return await withResources(process, async (resources) => {
      const outcome = await runMonthStart(resources, {
        ...args,
        production: resources.config.NODE_ENV === 'production',
        signal: process.signal,
        print: process.printError,
      });
      for (const line of summarize(outcome)) process.print(line);
      return exitCodeOf(outcome);
    });
  } catch (error) {
    if (process.signal.aborted) {
      process.printError('Interrupted. Nothing is lost: the scheduler goes on with what is due.');
      return 1;
    }
    const [code, message] = explain(error);
    process.printError(message);
    return code;
  }
}

async function withResources(
  process: JobProcess,
  work: (resources: ReturnType<typeof openResources>) => Promise<number>,
): Promise<number> {
  // The human wants the summary; what the libraries log goes beside it, to standard error.
  const env = { LOG_LEVEL: 'error', ...withDevStack(process.env, process.cwd) };
  const config = loadConfig(schedulerConfig, env);
  refuseDefaultBaseSecrets(config);
  const stream = { write: (line: string) => process.printError(line.trimEnd()) };
  const log = createLogger({ service: 'scheduler-job', level: config.LOG_LEVEL, stream });
  const resources = openResources(config, log, new Registry());
  try {
    return await work(resources);
  } finally {
    await resources.close();
  }
}

/** Exit code and words for what can go wrong around the job itself. */
function explain(error: unknown): [number, string] {
  if (error instanceof UsageError || error instanceof ConfigError) return [2, error.message];
  if (isConnectionError(error)) {
    return [
      1,
      `PostgreSQL cannot be reached: ${messageOf(error)}\nIs it running (npm start), and is DATABASE_URL right?`,
    ];
  }
  if (error instanceof KafkaUnavailableError) {
    return [
      1,
      `Kafka cannot be reached: ${messageOf(error)}\nIs it running (npm start), and is KAFKA_BROKERS right?`,
    ];
  }
  if (sqlState(error) === UNDEFINED_TABLE) {
    return [
      1,
      'This database has no tables of the scheduler. Run `npm run migrate` (npm start does it by itself).',
    ];
  }
  return [1, `The job failed: ${messageOf(error)}`];
}
