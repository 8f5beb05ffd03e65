import { parseArgs } from 'node:util';
import { type Outcome, runAndJudge } from './judged-run.js';
import { coverage, failure, summary } from './report.js';

const USAGE = `npm run simulate -- [--seed N] [--steps N] [--random N] [--trace]

  --seed N     the run with this seed (1 unless --random is given); N-M runs all from N to M
  --steps N    steps of each run (500)
  --random N   so many runs with seeds drawn now and printed
  --trace      every line of the trace`;

const MAX_SEED = 2 ** 31 - 1;

function whole(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 0 || value > MAX_SEED) throw new RangeError(`not a count: ${text}`);
  return value;
}

function seedsOf({ seed, random }: { seed?: string | undefined; random?: string | undefined }): number[] {
  const drawn = Array.from({ length: whole(random, 0) }, () => Math.floor(Math.random() * MAX_SEED));
  if (seed === undefined && drawn.length > 0) return drawn;
  const [from, to] = (seed ?? '1').split('-');
  const first = whole(from, 1);
  const count = whole(to, first) - first + 1;
  return [...Array.from({ length: count }, (_, index) => first + index), ...drawn];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      steps: { type: 'string' },
      random: { type: 'string' },
      trace: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const steps = whole(values.steps, 500);
  const outcomes: Outcome[] = [];
  for (const seed of seedsOf(values)) {
    const started = performance.now();
    const onLine = values.trace ? { onLine: (line: string) => console.log(line) } : {};
    const outcome = await runAndJudge({ seed, steps, ...onLine });
    console.log(summary(outcome, (performance.now() - started) / 1_000));
    if (outcome.error) {
      console.error(failure(outcome));
      return 1;
    }
    outcomes.push(outcome);
  }
  console.log(`covered in ${outcomes.length} runs:\n${coverage(outcomes)}`);
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(`${String(error)}\n\n${USAGE}`);
  return 2;
});
