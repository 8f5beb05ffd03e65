import type { Books } from './books.js';
import type { Draft } from './draft.js';
import type { CommandOf } from './input.js';
import type { Rejection } from './outcome.js';

type Booked = CommandOf<'points.purchase' | 'points.adjust'>;

/**
 * Maximum length of a key, in UTF-16 units, so that it fits an index. A compatibility form can be eighteen times as
 * long as its original.
 */
const MAX_KEY_LENGTH = 600;

/**
 * The key by which references of purchases, or reasons of adjustments, are compared (docs/decisions/0026). Unicode
 * compatibility forms (NFKC), case and surrounding blanks make no difference, because people type these texts. Null
 * if there is no text.
 */
export function referenceKey({ name, data }: Pick<Booked, 'name' | 'data'>): string | null {
  const text = 'reference' in data ? data.reference : data.reason;
  const folded = text.normalize('NFKC').toLowerCase().trim();
  if (folded === '') return null;
  return `${name === 'points.purchase' ? 'purchase' : 'adjustment'}:${folded}`
    .slice(0, MAX_KEY_LENGTH)
    .toWellFormed();
}

/** The refusal of a reference that was booked before, unless the command allows duplicates. */
export function duplicateReference(books: Books, command: Booked): Rejection | null {
  const key = referenceKey(command);
  const first = key === null ? undefined : books.references.get(key);
  if (!first || command.data.allowDuplicateReference) return null;
  const { transfer, points, at } = first;
  return { code: 'duplicate-reference', first: { transfer, points, at } };
}

/** Notes the reference of the draft's last transfer if it is the first with this reference. */
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
