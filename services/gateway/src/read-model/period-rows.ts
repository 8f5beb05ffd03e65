import type { EventData, EventName, PeriodClosing, SnapshotStatement } from '@subledger/contracts';
import { parsePoints } from '@subledger/core';
import type { LedgerEvent } from '../events/parse-events.js';
import type { Position } from '../events/position.js';

/** A sub-account's period, closed by its month start or its deletion. */
export interface ClosingRow extends Position {
  readonly subAccountId: string;
  readonly closed: PeriodClosing;
}

/** A closed statement of the ledger's books, including late figures up to the position. */
export interface StatementRow extends Position {
  readonly statement: SnapshotStatement;
  /** Null if the period was not closed, and the row has late figures only. */
  readonly closedAt: string | null;
}

/** Late amounts of an event for a statement that had closed before. Amounts are millipoints. */
export interface LateFactRow extends Position {
  readonly period: string;
  readonly subAccountId: string;
  readonly used: bigint;
  readonly refunded: bigint;
  readonly returned: bigint;
}

/** The start of a main account's period. */
export interface PeriodStartRow extends Position {
  readonly period: string;
  /** Balance of main in millipoints, after all returns and before all grants. */
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
 * The ledger also has rows with late figures only, for periods before the sub-account existed or after its deletion.
 * Their time is that of the first late fact. They close no period.
 */
export function statementOf(statement: SnapshotStatement, position: Position): StatementRow {
  const has = (names: readonly (keyof SnapshotStatement)[]) =>
    names.some((name) => parsePoints(statement[name] as string) !== 0n);
  const isLateAlone = !has(CLOSED_FIGURES) && has(LATE_FIGURES);
  return { ...position, statement, closedAt: isLateAlone ? null : statement.at };
}

type LateAmounts = Pick<LateFactRow, 'used' | 'refunded' | 'returned'>;

/**
 * Like the ledger's `LateEntry`: messages of a closed statement, points refunded, and points released from holds,
 * after the close.
 */
export function lateFactOf(event: LedgerEvent, position: Position): LateFactRow | undefined {
  // All three kinds of late events have these fields. Only a bar has no sub-account, and it is never late.
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

/**
 * Points that a message left in its hold. The event has no field for them, so they are the sum of the transfers from
 * the hold.
 */
const leftOfHold = ({ transfers }: EventData<'message.charged'>): bigint =>
  transfers
    .filter(({ from, to }) => from === 'hold' && to !== 'used')
    .reduce((sum, { points }) => sum + parsePoints(points), 0n);

/** The period that begins with an event: by the opening of the books, or by a month start. */
export function periodStartOf(event: LedgerEvent, position: Position): PeriodStartRow | undefined {
  if (event.name === 'main-account.opened') {
    const { period, balance } = (event.data as EventData<'main-account.opened'>).mainAccount;
    return { ...position, period, balance: parsePoints(balance) };
  }
  if (event.name !== 'period.rolled') return undefined;
  const { to, granted, mainAccount } = event.data as unknown as EventData<'period.rolled'>;
  return { ...position, period: to, balance: parsePoints(mainAccount.balance) + parsePoints(granted) };
}
