import { parseArgs } from 'node:util';
import { instant } from '@subledger/contracts';
import { UsageError } from '@subledger/service-kit';
import { JOB_NAMES, type JobName } from '../jobs/job-run-store.js';

export interface JobArguments {
  readonly job: JobName;
  /** The job runs as of this instant, in epoch milliseconds. Undefined means now, by the database's clock. */
  readonly atMs: number | undefined;
  /** Milliseconds to wait for the ledger's answers. */
  readonly timeoutMs: number;
}

const MAX_TIMEOUT_SECONDS = 86_400;

export const USAGE = `Runs one scheduler job, once.

  npm run job -- <job> [--at <ISO instant>] [--timeout <seconds>]

Jobs
  month-start   asks the ledger to roll every main account whose month has started, every
                missed month in order, and waits for the answers

Options
  --at          as of this instant instead of now, such as 2026-12-01T00:00:00+09:00
                (in the future: every month start up to then; refused in production)
  --timeout     seconds to wait for the ledger's answers (default 60)

It uses DATABASE_URL and KAFKA_BROKERS, or what \`npm start\` wrote to .subledger/dev.json.
Exit code: 0 all rolled or nothing due, 1 something failed or was not answered, 2 wrong usage.`;

/**
 * Reads the command line.
 * @returns undefined if help was requested
 *
 * @throws UsageError if an argument is wrong
 */
export function parseJobArguments(argv: readonly string[]): JobArguments | undefined {
  const { values, positionals } = parse(argv);
  if (values.help) return undefined;
  const [job, ...rest] = positionals;
  if (job === undefined) throw new UsageError(`Say which job to run.\n\n${USAGE}`);
  if (!isJobName(job)) throw new UsageError(`There is no job "${job}". Jobs: ${JOB_NAMES.join(', ')}.`);
  if (rest.length > 0) throw new UsageError(`One job at a time: what is "${rest.join(' ')}"?`);
  return { job, atMs: parseAt(values.at), timeoutMs: parseTimeout(values.timeout) };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        at: { type: 'string' },
        timeout: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${USAGE}`);
  }
}

const isJobName = (name: string): name is JobName => (JOB_NAMES as readonly string[]).includes(name);

function parseAt(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!instant.safeParse(text).success) {
    throw new UsageError(
      `--at must be an instant with Z or an offset, such as 2026-12-01T00:00:00+09:00, not "${text}".`,
    );
  }
  return Date.parse(text);
}

function parseTimeout(text: string | undefined): number {
  const seconds = Number(text ?? '60');
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > MAX_TIMEOUT_SECONDS) {
    throw new UsageError(
      `--timeout must be seconds, more than 0 and at most ${MAX_TIMEOUT_SECONDS}, not "${text}".`,
    );
  }
  return seconds * 1_000;
}
