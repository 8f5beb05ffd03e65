import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

export interface TourStep {
  /** Shell commands, run in one shell after the earlier ones. */
  readonly commands: string;
  /** The output that the page shows, or empty. */
  readonly output: string;
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** The steps of the README's tour. */
export async function readTour(path: string): Promise<TourStep[]> {
  const page = await readFile(path, 'utf8');
  const tour = /## A tour with curl\n([\s\S]*?)\n## /.exec(page)?.[1];
  if (tour === undefined) throw new Error('the README has no tour');
  return stepsOf(tour);
}

/**
 * The steps of a page: each `sh` block with the plain block that follows it. Blocks of other languages are not steps.
 */
export function stepsOf(page: string): TourStep[] {
  const steps: TourStep[] = [];
  for (const [, language, body = ''] of page.matchAll(FENCE)) {
    if (language === 'sh') steps.push({ commands: body, output: '' });
    else if (language === '') steps.push({ ...(steps.pop() as TourStep), output: body });
  }
  return steps;
}

/** The bodies of a page's blocks in one language. */
export const blocksOf = (page: string, language: string): string[] =>
  [...page.matchAll(FENCE)].flatMap(([, found, body = '']) => (found === language ? [body] : []));

const MARK = '--- end of step ---';

/** One script that runs all steps and marks where each ends. */
export const scriptOf = (steps: readonly TourStep[]): string =>
  ['set -eu', ...steps.map(({ commands }) => `${commands}\necho '${MARK}'`)].join('\n');

export const outputsOf = (printed: string): string[] => printed.split(`${MARK}\n`).slice(0, -1);

/** Runs a script in bash. Not `spawnSync`: the balancer before several gateways lives in this process. */
export async function runScript(
  script: string,
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly timeout: number },
): Promise<{ stdout: string; stderr: string }> {
  const shell = spawn('bash', ['-c', script], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')]);
  return { stdout, stderr };
}
