import { isTransientError } from './connection-errors.js';

/** Splits a list into its first half (the larger one) and the rest. */
export function halvesOf<Item>(items: readonly Item[]): readonly [readonly Item[], readonly Item[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/**
 * Applies items together. If that fails for another reason than an outage, it applies the halves separately, one
 * after the other, down to a single item that fails alone. So an item that the database refuses does not stop the
 * others.
 *
 *
 * @param apply applies all items or none, in one transaction
 * @param onRefused gets the item that failed alone, and its error
 * @throws errors for which `isTransientError` is true; nothing is known about the items then
 */
export async function applyByHalves<Item>(
  items: readonly Item[],
  apply: (items: readonly Item[]) => Promise<unknown>,
  onRefused: (item: Item, error: unknown) => Promise<void> | void,
): Promise<void> {
  const [only] = items;
  if (only === undefined) return;
  try {
    await apply(items);
  } catch (error) {
    if (isTransientError(error)) throw error;
    if (items.length === 1) return onRefused(only, error);
    for (const half of halvesOf(items)) await applyByHalves(half, apply, onRefused);
  }
}
