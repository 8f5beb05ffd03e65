import {
  isFollowUp,
  isNewer,
  type MainAccountState,
  REPEATED_HEADER,
  type SubAccountState,
  type TransferView,
} from '@subledger/contracts';
import type { LedgerEvent } from '../events/parse-events.js';
import type { Position } from '../events/position.js';
import { type Suspension, suspensionOf } from '../events/suspension.js';
import type { Outcome } from '../operations/operation.js';
import {
  type ClosingRow,
  closingOf,
  type LateFactRow,
  lateFactOf,
  type PeriodStartRow,
  periodStartOf,
} from './period-rows.js';

/** A suspension that began or ended automatically. */
type SuspensionRow = Position & Suspension;
export interface MainRow extends Position {
  readonly state: MainAccountState;
}
export interface SubRow extends Position {
  readonly state: SubAccountState;
}
export interface TransferRow extends Position {
  readonly transfer: TransferView;
}
interface StoppedRow {
  readonly mainAccountId: string;
  readonly subAccountId: string;
}
export interface OutcomeRow {
  readonly mainAccountId: string;
  readonly commandId: string;
  readonly outcome: Outcome;
  /** Whether every waiting request is already notified, see `EarlyOutcomes`. */
  readonly isNotified: boolean;
}

/** The result of a batch: the last state of each account, every transfer, the first outcome of each command. */
export interface Fold {
  readonly mains: MainRow[];
  readonly subs: SubRow[];
  readonly transfers: TransferRow[];
  readonly suspensions: SuspensionRow[];
  readonly outcomes: OutcomeRow[];
  /** Closed statements, later changes of them, and period starts. */
  readonly closings: ClosingRow[];
  readonly lateFacts: LateFactRow[];
  readonly periodStarts: PeriodStartRow[];
  /** Sub-accounts that were inactive after one of the events, even if a later event activated them again. */
  readonly stopped: StoppedRow[];
}

/** The outcome of a command, if the event is one. */
export function outcomeRowOf(event: LedgerEvent): OutcomeRow | undefined {
  const { mainAccountId, cause } = event.data;
  // Month starts are the scheduler's commands, so no operation and no request waits for their outcome.
  const isAnswer = cause.kind === 'command' && !isFollowUp(event.name) && event.name !== 'period.rolled';
  if (!isAnswer) return undefined;
  return { mainAccountId, commandId: cause.id, outcome: outcomeOf(event), isNotified: false };
}

/**
 * Folds a batch of events. Pure. Rows are sorted by key, so that two writers lock rows in the same order.
 * @param isNotified whether the requests for an event's outcome are already notified
 */
export function foldEvents(events: readonly LedgerEvent[], isNotified = (_: LedgerEvent) => false): Fold {
  const mains = new Map<string, MainRow>();
  const subs = new Map<string, SubRow>();
  const transfers = new Map<string, TransferRow>();
  const suspensions = new Map<string, SuspensionRow>();
  const outcomes = new Map<string, OutcomeRow>();
  const stopped = new Map<string, StoppedRow>();
  const periods = new PeriodFold();
  for (const event of events) {
    const { mainAccountId, generation, sequence, at } = event.data;
    const position = { mainAccountId, generation, sequence, at };
    const { mainAccount, subAccount } = statesOf(event);
    if (mainAccount) keepNewest(mains, mainAccountId, { ...position, state: mainAccount });
    if (subAccount && subAccount.lifecycle !== 'active') {
      const { subAccountId } = subAccount;
      stopped.set(`${mainAccountId} ${subAccountId}`, { mainAccountId, subAccountId });
    }
    // A refusal does not change a sub-account, so its state must not look newer. The main account's row counts all of
    // its events.
    if (subAccount && event.name !== 'command.rejected')
      keepNewest(subs, `${mainAccountId} ${subAccount.subAccountId}`, { ...position, state: subAccount });
    for (const transfer of event.data.transfers) {
      keepNewest(transfers, transferKey(mainAccountId, transfer), { ...position, transfer });
    }
    const suspension = suspensionOf(event);
    if (suspension) suspensions.set(`${mainAccountId} ${numbered(sequence)}`, { ...position, ...suspension });
    periods.add(event, position);
    const outcome = outcomeRowOf(event);
    if (outcome) {
      const key = `${mainAccountId} ${outcome.commandId}`;
      const first = outcomes.get(key);
      // A repeat answers a request of its own, which may wait on another instance and is not notified yet.
      const areAllNotified = first?.isNotified !== false && isNotified(event);
      outcomes.set(key, { ...(first ?? outcome), isNotified: areAllNotified });
    }
  }
  return {
    mains: sorted(mains),
    subs: sorted(subs),
    transfers: sorted(transfers),
    suspensions: sorted(suspensions),
    outcomes: sorted(outcomes),
    ...periods.rows(),
    stopped: sorted(stopped),
  };
}

/** Changes of statements in a batch. */
class PeriodFold {
  readonly #closings = new Map<string, ClosingRow>();
  readonly #lateFacts = new Map<string, LateFactRow>();
  readonly #periodStarts = new Map<string, PeriodStartRow>();

  add(event: LedgerEvent, position: Position): void {
    const { mainAccountId, sequence } = position;
    const closing = closingOf(event, position);
    if (closing) {
      const key = `${mainAccountId} ${closing.closed.period} ${closing.subAccountId}`;
      keepNewest(this.#closings, key, closing);
    }
    const late = lateFactOf(event, position);
    if (late) keepNewest(this.#lateFacts, `${mainAccountId} ${numbered(sequence)}`, late);
    const periodStart = periodStartOf(event, position);
    if (periodStart) keepNewest(this.#periodStarts, `${mainAccountId} ${periodStart.period}`, periodStart);
  }

  rows(): Pick<Fold, 'closings' | 'lateFacts' | 'periodStarts'> {
    return {
      closings: sorted(this.#closings),
      lateFacts: sorted(this.#lateFacts),
      periodStarts: sorted(this.#periodStarts),
    };
  }
}

/** A number as a text with the same order. */
const numbered = (number: number): string => String(number).padStart(16, '0');

export const transferKey = (mainAccountId: string, { sequence }: TransferView): string =>
  `${mainAccountId} ${numbered(sequence)}`;

function statesOf({ data }: LedgerEvent): { mainAccount?: MainAccountState; subAccount?: SubAccountState } {
  return data as { mainAccount?: MainAccountState; subAccount?: SubAccountState };
}

export function keepNewest<Row extends Position>(rows: Map<string, Row>, key: string, row: Row): void {
  const before = rows.get(key);
  if (before === undefined || !isNewer(before, row)) rows.set(key, row);
}

export const sorted = <Row>(rows: ReadonlyMap<string, Row>): Row[] =>
  [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);

/** The fields of an event that answers need. Absent fields are left out. */
const KEPT = [
  'code',
  'needed',
  'available',
  'lacking',
  'first',
  'remaining',
  'blockers',
  'blockerCount',
  'errors',
  'messageId',
  'points',
  'expiresAt',
] as const;

function outcomeOf(event: LedgerEvent): Outcome {
  const data = event.data as Record<string, unknown>;
  const kept = Object.fromEntries(
    KEPT.flatMap((name) => (data[name] === undefined ? [] : [[name, data[name]]])),
  );
  const transfer = event.data.transfers[0] as TransferView | undefined;
  const { subAccount } = statesOf(event);
  return {
    event: event.name,
    generation: event.data.generation,
    sequence: event.data.sequence,
    ...kept,
    ...(transfer ? { transferSequence: transfer.sequence } : {}),
    ...(subAccount ? { remainingAfter: subAccount.remaining } : {}),
    ...(event.record.headers[REPEATED_HEADER] === undefined ? {} : { isRepeat: true }),
  };
}
