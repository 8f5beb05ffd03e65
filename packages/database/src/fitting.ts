/**
 * How many of the first items share a transaction: as many as fit into `max` together. The first one always does,
 * whatever its size. An item of infinite size stays alone.
 */
export function fitting<Item>(items: readonly Item[], sizeOf: (item: Item) => number, max: number): number {
  let size = 0;
  let count = 0;
  for (const item of items) {
    size += sizeOf(item);
    if (count > 0 && size > max) break;
    count += 1;
  }
  return count;
}
