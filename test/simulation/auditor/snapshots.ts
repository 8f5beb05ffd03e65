import type { BooksView } from './books.js';
import { amountOf, check, equal, sameFields } from './check.js';
import { assertStates, assertSub } from './decisions.js';
import type { EventView, TransferView } from './evidence.js';

/** Checks that parts of a snapshot agree with the events before them. */
export function assertSnapshots(books: BooksView, part: EventView, events: readonly EventView[]): void {
  assertStates(books, part);
  for (const state of part.data.subAccounts as Record<string, unknown>[]) assertSub(books, part, state);
  const moves = new Map<number, TransferView>();
  for (const { data } of events)
    if (data.sequence <= part.data.sequence)
      for (const move of data.transfers) moves.set(move.sequence, move);
  equal(part.data.transferCount, moves.size, () => `transfers in ${part.id}`);
  for (const { at: _, ...line } of part.data.lines as (TransferView & { at: string })[]) {
    const move = moves.get(line.sequence);
    check(move !== undefined, () => `${part.id} has a transfer ${line.sequence} that no event has`);
    sameFields(line, move as TransferView, () => `transfer ${line.sequence} in ${part.id}`);
  }
  for (const stated of part.data.statements as Record<string, unknown>[])
    assertStatement(books, part, stated);
}

function assertStatement(books: BooksView, part: EventView, stated: Record<string, unknown>): void {
  const where = () => `statement ${stated.subAccountId} ${stated.period} in ${part.id}`;
  const kept = books.statements.get(`${stated.subAccountId} ${stated.period}`);
  check(kept !== undefined, () => `${where()} is of no period that closed`);
  for (const [name, value] of Object.entries(kept ?? {}))
    equal(amountOf(stated[name]), value, () => `${name} of ${where()}`);
}
