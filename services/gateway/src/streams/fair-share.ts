/**
 * Chooses whose stream to end for a newcomer when all places are taken: the holder with the most streams, if it has
 * at least two more than the newcomer. So taking many places early has no advantage, and two holders with equal
 * numbers do not displace each other in alternation.
 *
 *
 * @param taken the holder of each place
 * @returns the holder that loses a place, or undefined if the newcomer must wait
 */
export function streamToDisplace(taken: Iterable<string>, newcomer: string): string | undefined {
  const counts = new Map<string, number>();
  for (const holder of taken) counts.set(holder, (counts.get(holder) ?? 0) + 1);
  const [most, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
  return count >= (counts.get(newcomer) ?? 0) + 2 ? most : undefined;
}
