import type { Books } from '../books.js';
import type { Input, LedgerPolicy } from '../input.js';
import { MonthStart, type MonthStartPart } from '../month/month-start.js';
import { wouldRoll } from '../month/roll.js';
import type { Decision } from '../outcome.js';
import { equal, textOf } from './check.js';

type Decided = Extract<Decision, { kind: 'decided' }>;

/**
 * Checks that a month start made in parts equals the one decided as a whole, for any size of the parts, and that
 * `wouldRoll` predicts which command causes a month start.
 */
export function auditParts(books: Books, input: Input, decision: Decided, policy: LedgerPolicy): void {
  const { main } = books;
  if (!main) return;
  const rolled = decision.events.some(({ name }) => name === 'period.rolled');
  if (input.kind === 'command' && input.name === 'period.roll')
    equal(wouldRoll({ books, main, policy }, input), rolled, 'predicted roll');
  if (!rolled) return;
  for (const size of [1, 2]) {
    const start = new MonthStart(books, main, input.at);
    equal(start.events, decision.events.length, 'predicted events');
    equal(textOf(start.main), textOf(decision.changes.main), 'predicted main account');
    auditSum([...start.parts(size)], size, decision);
  }
}

function auditSum(parts: readonly MonthStartPart[], size: number, { events, changes }: Decided): void {
  equal(textOf(parts.flatMap((part) => part.events)), textOf(events), 'events of the parts');
  for (const key of Object.keys(changes) as (keyof typeof changes)[]) {
    if (key === 'main') continue;
    const rows: readonly object[] = parts.flatMap((part) => part.changes[key] as readonly object[]);
    const all = key === 'transfers' ? bySequence(rows as { sequence: number }[]) : rows;
    equal(textOf(all), textOf(changes[key]), `${key} of the parts`);
  }
  for (const part of parts) {
    equal(textOf(part.changes.main), textOf(changes.main), 'main account of a part');
    equal(part.changes.subAccounts.length <= size, true, 'size of a part');
    const expected = bySequence(part.events.flatMap(({ transfers }) => transfers));
    equal(textOf(part.changes.transfers), textOf(expected), 'transfers of a part against its events');
  }
}

const bySequence = <Row extends { sequence: number }>(rows: readonly Row[]): Row[] =>
  [...rows].sort((a, b) => a.sequence - b.sequence);
