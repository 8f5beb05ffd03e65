import type { Outcome } from './judged-run.js';

const TRACE_LINES = 60;
const MAX_LINE = 260;

const sortedText = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

/** Summary of a run in a few lines. */
export function summary({ simulation, findings }: Outcome, seconds: number): string {
  const { world, startedAt, options } = simulation;
  const count = (what: string) => world.countOf(what);
  const days = ((world.scheduler.now - startedAt) / 86_400_000).toFixed(1);
  const rate = (options.steps / seconds).toFixed(0);
  return [
    `seed ${options.seed}: ${options.steps} steps in ${seconds.toFixed(1)} s (${rate} steps/s), trace ${world.scheduler.digest()}`,
    `  ${count('record:sent')} records, ${count('batch:committed')} batches, ${findings?.events ?? '?'} events, ${days} days of virtual time`,
    `  ${count('process:killed')} crashes, ${count('process:paused')} pauses (${count('process:zombie')} zombies), ${count('group:rebalanced')} rebalances, ${count('lane:taken over')} takeovers, ${count('fence:database')} + ${count('fence:publisher')} fences, ${count('lane:broken')} broken lanes, ${count('operator:decided')} decisions`,
  ].join('\n');
}

/** Everything covered in all runs. */
export function coverage(outcomes: readonly Outcome[]): string {
  const all = coverageOf(outcomes);
  return [...all].map(([kind, counts]) => `  ${kind}: ${sortedText(counts)}`).join('\n');
}

/** Counts by kind and name. */
export function coverageOf(outcomes: readonly Outcome[]): Map<string, Map<string, number>> {
  const all = new Map<string, Map<string, number>>();
  const add = (kind: string, name: string, count: number) => {
    const counts = all.get(kind) ?? new Map<string, number>();
    all.set(kind, counts);
    counts.set(name, (counts.get(name) ?? 0) + count);
  };
  for (const { simulation, findings } of outcomes) {
    for (const [what, count] of simulation.world.covered) {
      const colon = what.indexOf(':');
      const kind = what.slice(0, colon);
      if (!['log', 'point', 'record'].includes(kind)) add(kind, what.slice(colon + 1), count);
    }
    for (const [name, count] of findings?.byName ?? []) add('event', name, count);
    for (const [code, count] of findings?.rejections ?? []) add('rejection', code, count);
    for (const [reason, count] of findings?.deadLetters ?? []) add('dead letter', reason, count);
  }
  return all;
}

/** The failure, its position, and the events before it. */
export function failure({ simulation, error }: Outcome): string {
  const { world, options } = simulation;
  const lines = world.scheduler.lastLines(TRACE_LINES).map((line) => line.slice(0, MAX_LINE));
  return [
    ...lines,
    `seed ${options.seed} FAILED at step ${Math.min(simulation.step, options.steps)} of ${options.steps}`,
    `${error?.name}: ${error?.message}`,
    `replay: npm run simulate -- --seed ${options.seed} --steps ${options.steps}`,
  ].join('\n');
}
