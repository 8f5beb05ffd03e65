import { parseArgs } from 'node:util';
import { instant } from '@subledger/contracts';
import { UsageError } from '@subledger/service-kit';
import { JOBS, type Job } from '../jobs/registry.js';

export interface JobArguments {
  readonly job: Job;
  /** The job runs as of this instant, in epoch milliseconds. Undefined means now, by the database's clock. */
  readonly atMs: number | undefined;
  /** Milliseconds to wait for the ledger's answers. */
  readonly timeoutMs: number;
}

const MAX_TIMEOUT_SECONDS = 86_400;
/** Of the column of names in the help. */
const NAME_WIDTH = 14;

const jobLines = (jobs: readonly Job[]): string =>
  jobs
    .flatMap(({ name, help }) =>
      help.map((line, index) => `  ${(index === 0 ? name : '').padEnd(NAME_WIDTH)}${line}`),
    )
    .join('\n');

export const usage = (jobs: readonly Job[] = JOBS): string => `Runs one scheduler job, once.

  npm run job -- <job> [--at <ISO instant>] [--timeout <seconds>]

Jobs
${jobLines(jobs)}

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
export function parseJobArguments(
  argv: readonly string[],
  jobs: readonly Job[] = JOBS,
): JobArguments | undefined {
  const { values, positionals } = parse(argv, jobs);
  if (values.help) return undefined;
  const [name, ...rest] = positionals;
  if (name === undefined) throw new UsageError(`Say which job to run.\n\n${usage(jobs)}`);
  const job = jobs.find((one) => one.name === name);
  if (!job)
    throw new UsageError(`There is no job "${name}". Jobs: ${jobs.map((one) => one.name).join(', ')}.`);
  if (rest.length > 0) throw new UsageError(`One job at a time: what is "${rest.join(' ')}"?`);
  return { job, atMs: parseAt(values.at), timeoutMs: parseTimeout(values.timeout) };
}

function parse(argv: readonly string[], jobs: readonly Job[]) {
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
    throw new UsageError(`${(error as Error).message}\n\n${usage(jobs)}`);
  }
}

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
