/**
 * Who gives one up for a newcomer where all places are taken: whoever has most, if that is at least two more than the
 * newcomer has. So nobody gains by taking many early, and two who have alike do not push each other out in turns.
 *
 * @param taken by whom each place is taken
 * @returns the one who gives up a place; undefined where the newcomer has to wait
 */
export function streamToDisplace(taken: Iterable<string>, newcomer: string): string | undefined {
  const counts = new Map<string, number>();
  for (const holder of taken) counts.set(holder, (counts.get(holder) ?? 0) + 1);
  const [most, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
  return count >= (counts.get(newcomer) ?? 0) + 2 ? most : undefined;
}
