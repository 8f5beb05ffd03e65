import type { Books } from './books.js';
import type { Draft } from './draft.js';
import type { CommandOf } from './input.js';
import type { Rejection } from './outcome.js';

type Booked = CommandOf<'points.purchase' | 'points.adjust'>;

/**
 * Keeps a key within an index: a compatibility form can be eighteen times as long as what it stands for. UTF-16 units.
 */
const MAX_KEY_LENGTH = 600;

/**
 * What a purchase's reference or an adjustment's reason is compared by, per kind: compatibility forms, case and blanks
 * at the ends make no difference, since people type it. Null where there is no text: it stands for nothing.
 */
export function referenceKey({ name, data }: Pick<Booked, 'name' | 'data'>): string | null {
  const text = 'reference' in data ? data.reference : data.reason;
  const folded = text.normalize('NFKC').toLowerCase().trim();
  if (folded === '') return null;
  return `${name === 'points.purchase' ? 'purchase' : 'adjustment'}:${folded}`
    .slice(0, MAX_KEY_LENGTH)
    .toWellFormed();
}

/** The refusal of a reference that was booked before, unless the command insists. */
export function duplicateReference(books: Books, command: Booked): Rejection | null {
  const key = referenceKey(command);
  const first = key === null ? undefined : books.references.get(key);
  if (!first || command.data.allowDuplicateReference) return null;
  const { transfer, points, at } = first;
  return { code: 'duplicate-reference', first: { transfer, points, at } };
}

/** Notes the reference of the draft's last transfer, where it is the first one. */
export function noteReference(draft: Draft, command: Booked): void {
  const key = referenceKey(command);
  if (key === null || draft.books.references.has(key)) return;
  draft.addReference({
    key,
    transfer: draft.main.transferSequence,
    points: command.data.points,
    at: command.at,
  });
}
