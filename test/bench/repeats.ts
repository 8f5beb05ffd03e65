import { rounded } from './figures.js';

/** Values of one figure in several runs of a benchmark. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The figures of several runs: each number becomes its median with the minimum and the maximum. Other values (names,
 * targets) are left out, and so are figures that a run does not have.
 * @param runs figures as a benchmark prints them
 * @returns by the path of the figure, such as `drained.ratioToFloor`, in the order of the first run
 */
export function spreads(runs: readonly object[]): Record<string, Spread> {
  const [first, ...others] = runs.map((run) => new Map(numbersOf(run)));
  const found: Record<string, Spread> = {};
  for (const [path, value] of first ?? []) {
    const values = [value, ...others.map((run) => run.get(path))].filter((each) => each !== undefined);
    if (values.length === runs.length) found[path] = spreadOf(values);
  }
  return found;
}

function spreadOf(values: readonly number[]): Spread {
  const ascending = [...values].sort((a, b) => a - b);
  const middle = (ascending.length - 1) / 2;
  const [low, high] = [ascending[Math.floor(middle)], ascending[Math.ceil(middle)]] as [number, number];
  return {
    median: rounded((low + high) / 2, 3),
    min: ascending[0] as number,
    max: ascending.at(-1) as number,
  };
}

/** Every finite number below `value` with its path. Lists are skipped: targets, rates per minute. */
function* numbersOf(value: object, path = ''): Generator<[string, number]> {
  for (const [name, each] of Object.entries(value)) {
    if (typeof each === 'number' && Number.isFinite(each)) yield [path + name, each];
    else if (typeof each === 'object' && each !== null && !Array.isArray(each))
      yield* numbersOf(each, `${path}${name}.`);
  }
}
