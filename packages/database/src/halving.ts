import { isTransientError } from './connection-errors.js';

/** A list as its first half (the larger one) and the rest. */
export function halvesOf<Item>(items: readonly Item[]): readonly [readonly Item[], readonly Item[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/**
 * Applies items together. If that fails otherwise than by an outage, the halves are applied apart, one after the other,
 * down to the one item that fails alone: what the database refuses must not stop all others.
 *
 * @param apply of all or nothing: one transaction
 * @param onRefused gets the item that failed alone, and its error
 * @throws whatever `isTransientError` knows: nothing is said about the items then
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
