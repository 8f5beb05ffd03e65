import type { EventData, EventName, PeriodClosing, SnapshotStatement } from '@subledger/contracts';
import { parsePoints } from '@subledger/core';
import type { LedgerEvent } from '../events/parse-events.js';
import type { Position } from '../events/position.js';

/** A sub-account's period as its month start or its deletion closed it. */
export interface ClosingRow extends Position {
  readonly subAccountId: string;
  readonly closed: PeriodClosing;
}

/** A closed statement as the ledger's books have it, late figures up to the position included. */
export interface StatementRow extends Position {
  readonly statement: SnapshotStatement;
  /** Null where nothing was closed: the row is there for late figures alone. */
  readonly closedAt: string | null;
}

/** What an event adds to a statement that was closed before it. Amounts are millipoints. */
export interface LateFactRow extends Position {
  readonly period: string;
  readonly subAccountId: string;
  readonly used: bigint;
  readonly refunded: bigint;
  readonly returned: bigint;
}

/** Where a period of a main account begins. */
export interface PeriodStartRow extends Position {
  readonly period: string;
  /** Of main, in millipoints: everything unused is back, nothing is given yet. */
  readonly balance: bigint;
}

/** The statement that an event closes. */
export function closingOf(event: LedgerEvent, position: Position): ClosingRow | undefined {
  if (event.name !== 'sub-account.rolled' && event.name !== 'sub-account.deleted') return undefined;
  const { subAccount, closed } = event.data as EventData<'sub-account.rolled'>;
  return { ...position, subAccountId: subAccount.subAccountId, closed };
}

const CLOSED_FIGURES = [
  'opening',
  'limit',
  'boost',
  'granted',
  'used',
  'overage',
  'held',
  'returned',
] as const;
const LATE_FIGURES = ['lateUsed', 'lateRefunded', 'lateReturned'] as const;

/**
 * The ledger also has rows of late figures alone, for periods before the sub-account existed or after its deletion, and
 * gives them the time of the first. They close nothing, and nothing in them is but late figures.
 */
export function statementOf(statement: SnapshotStatement, position: Position): StatementRow {
  const has = (names: readonly (keyof SnapshotStatement)[]) =>
    names.some((name) => parsePoints(statement[name] as string) !== 0n);
  const isLateAlone = !has(CLOSED_FIGURES) && has(LATE_FIGURES);
  return { ...position, statement, closedAt: isLateAlone ? null : statement.at };
}

type LateAmounts = Pick<LateFactRow, 'used' | 'refunded' | 'returned'>;

/** As the ledger's `LateEntry`: messages of a closed statement, what of them came back, what of its holds did. */
export function lateFactOf(event: LedgerEvent, position: Position): LateFactRow | undefined {
  // All three that may be late have these fields; only a bar has no sub-account, and that is never late.
  const data = event.data as EventData<'message.charged'>;
  if (data.late !== true) return undefined;
  const amounts = lateAmounts(event.name, data);
  return (
    amounts && { ...position, period: data.period, subAccountId: data.subAccount.subAccountId, ...amounts }
  );
}

function lateAmounts(name: EventName, data: EventData<'message.charged'>): LateAmounts | undefined {
  const points = parsePoints(data.points);
  switch (name) {
    case 'message.charged':
      return { used: points, refunded: 0n, returned: leftOfHold(data) };
    case 'message.credited':
      return { used: 0n, refunded: points, returned: 0n };
    case 'hold.released':
      return { used: 0n, refunded: 0n, returned: points };
    default:
      return undefined;
  }
}

/** What a message left of its hold: the event has no field for it, but the moves out of the hold. */
const leftOfHold = ({ transfers }: EventData<'message.charged'>): bigint =>
  transfers
    .filter(({ from, to }) => from === 'hold' && to !== 'used')
    .reduce((sum, { points }) => sum + parsePoints(points), 0n);

/** The period that an event begins: by the opening of the books, or by a month start. */
export function periodStartOf(event: LedgerEvent, position: Position): PeriodStartRow | undefined {
  if (event.name === 'main-account.opened') {
    const { period, balance } = (event.data as EventData<'main-account.opened'>).mainAccount;
    return { ...position, period, balance: parsePoints(balance) };
  }
  if (event.name !== 'period.rolled') return undefined;
  const { to, granted, mainAccount } = event.data as unknown as EventData<'period.rolled'>;
  return { ...position, period: to, balance: parsePoints(mainAccount.balance) + parsePoints(granted) };
}
