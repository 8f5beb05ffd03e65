import { readFile } from 'node:fs/promises';

export interface TourStep {
  /** Shell commands, to be run in one shell after those before. */
  readonly commands: string;
  /** What the README says they print; empty where it shows nothing. */
  readonly output: string;
}

const FENCE = /```(sh|)\n([\s\S]*?)```/g;

/** The steps of the README's tour: each `sh` block, with the plain block that follows it. */
export async function readTour(path: string): Promise<TourStep[]> {
  const text = await readFile(path, 'utf8');
  const tour = /## A tour with curl\n([\s\S]*?)\n## /.exec(text)?.[1];
  if (tour === undefined) throw new Error('the README has no tour');
  const steps: TourStep[] = [];
  for (const [, language, body = ''] of tour.matchAll(FENCE)) {
    if (language === 'sh') steps.push({ commands: body, output: '' });
    else steps.push({ ...(steps.pop() as TourStep), output: body });
  }
  return steps;
}

const MARK = '--- end of step ---';

/** One script that runs all steps and marks where each ends. */
export const scriptOf = (steps: readonly TourStep[]): string =>
  ['set -eu', ...steps.map(({ commands }) => `${commands}\necho '${MARK}'`)].join('\n');

export const outputsOf = (printed: string): string[] => printed.split(`${MARK}\n`).slice(0, -1);
