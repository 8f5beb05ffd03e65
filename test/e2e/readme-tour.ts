import { readFile } from 'node:fs/promises';

export interface TourStep {
  /** Shell commands, to be run in one shell after those before. */
  readonly commands: string;
  /** What the page says they print; empty where it shows nothing. */
  readonly output: string;
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** The steps of the README's tour. */
export async function readTour(path: string): Promise<TourStep[]> {
  const text = await readFile(path, 'utf8');
  const tour = /## A tour with curl\n([\s\S]*?)\n## /.exec(text)?.[1];
  if (tour === undefined) throw new Error('the README has no tour');
  return stepsOf(tour);
}

/** The steps of a page: each `sh` block, with the plain block that follows it. Blocks of other languages are no steps. */
export function stepsOf(text: string): TourStep[] {
  const steps: TourStep[] = [];
  for (const [, language, body = ''] of text.matchAll(FENCE)) {
    if (language === 'sh') steps.push({ commands: body, output: '' });
    else if (language === '') steps.push({ ...(steps.pop() as TourStep), output: body });
  }
  return steps;
}

/** The bodies of a page's blocks in one language. */
export const blocksOf = (text: string, language: string): string[] =>
  [...text.matchAll(FENCE)].flatMap(([, found, body = '']) => (found === language ? [body] : []));

const MARK = '--- end of step ---';

/** One script that runs all steps and marks where each ends. */
export const scriptOf = (steps: readonly TourStep[]): string =>
  ['set -eu', ...steps.map(({ commands }) => `${commands}\necho '${MARK}'`)].join('\n');

export const outputsOf = (printed: string): string[] => printed.split(`${MARK}\n`).slice(0, -1);
