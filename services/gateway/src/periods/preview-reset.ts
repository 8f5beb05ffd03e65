import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FundingPolicy, ResetOutcome } from '@subledger/contracts';
import {
  available,
  Books,
  canRoll,
  type MainAccount,
  MonthStart,
  type MonthStartPart,
  type Points,
  type SubAccount,
  shortfall,
  target,
  ZERO,
} from '@subledger/core';

/** The fields of a main account that its next month start needs. */
export type ResetMain = Pick<
  MainAccount,
  | 'id'
  | 'plan'
  | 'creditLimit'
  | 'fundingPolicy'
  | 'timeZone'
  | 'nextTimeZone'
  | 'period'
  | 'nextMonthStart'
  | 'balance'
>;
/** The fields of a sub-account that its main account's next month start needs. */
export type ResetSub = Pick<
  SubAccount,
  'id' | 'ordinal' | 'lifecycle' | 'priority' | 'limit' | 'nextLimit' | 'remaining'
>;

/** The effect of the month start on a sub-account. Amounts are millipoints. */
export interface ResetRow {
  readonly id: string;
  readonly ordinal: number;
  readonly priority: number;
  /** The limit from then on. */
  readonly limit: Points;
  readonly returned: Points;
  readonly needed: Points;
  readonly granted: Points;
  readonly shortfall: Points;
  readonly outcome: ResetOutcome;
}

/** The effect on the main account. Amounts are millipoints. Null means unlimited. */
export interface ResetPreview {
  /** The period that begins, and its start in milliseconds since 1970. */
  readonly period: string;
  readonly at: number;
  readonly fundingPolicy: FundingPolicy;
  readonly timeZone: string;
  readonly nextTimeZone: string | null;
  readonly balance: Points;
  readonly returned: Points;
  /** Available for grants, after all returns. */
  readonly available: Points | null;
  readonly needed: Points;
  readonly granted: Points;
  readonly shortfall: Points;
  readonly balanceAfter: Points;
  readonly availableAfter: Points | null;
  readonly funded: number;
  readonly partlyFunded: number;
  readonly unfunded: number;
  /** In funding order, computed again for each iteration. Deleted sub-accounts have no row. */
  rows(): Iterable<ResetRow>;
}

/** Sub-accounts computed at a time. */
const PART = 1_000;

/**
 * The effect of a main account's next month start in the current state (docs/decisions/0015). The ledger's own rules,
 * `MonthStart` of the core, compute it. This code only reads their events and states.
 * @param subs all of the main account; deleted ones do not count
 */
export function previewReset(main: ResetMain, subs: Iterable<ResetSub>): ResetPreview {
  const steps = previewInSteps(main, subs);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * The same in steps of a few milliseconds, because 100,000 sub-accounts at once would delay all other requests by
 * more than half a second.
 * @param onRow called with every row, in funding order
 */
export function* previewInSteps(
  main: ResetMain,
  subs: Iterable<ResetSub>,
  onRow: (row: ResetRow) => void = () => undefined,
): Generator<void, ResetPreview> {
  const start = monthStartOf(main, subs);
  const sums = { returned: 0n, needed: 0n, granted: 0n, shortfall: 0n };
  const counts: Record<ResetOutcome, number> = { funded: 0, 'partly-funded': 0, unfunded: 0, inactive: 0 };
  for (const part of start.parts(PART)) {
    for (const row of rowsOf(part)) {
      sums.returned += row.returned;
      sums.needed += row.needed;
      sums.granted += row.granted;
      sums.shortfall += row.shortfall;
      counts[row.outcome] += 1;
      onRow(row);
    }
    yield;
  }
  return {
    period: start.main.period,
    at: main.nextMonthStart,
    fundingPolicy: main.fundingPolicy,
    timeZone: main.timeZone,
    nextTimeZone: main.nextTimeZone,
    balance: main.balance,
    ...(sums as Record<keyof typeof sums, Points>),
    available: available({ ...main, balance: (main.balance + sums.returned) as Points }),
    balanceAfter: start.main.balance,
    availableAfter: available(start.main),
    funded: counts.funded,
    partlyFunded: counts['partly-funded'],
    unfunded: counts.unfunded,
    rows: () => allRows(start),
  };
}

/** Whether the month start can be computed. It cannot if the time zone is invalid. */
export function canPreview(main: ResetMain): boolean {
  const before: MainAccount = { ...NO_MAIN, ...main };
  return canRoll(new Books(before), before, main.nextMonthStart);
}

/** At exactly the instant when it is due. */
function monthStartOf(main: ResetMain, subs: Iterable<ResetSub>): MonthStart {
  const before: MainAccount = { ...NO_MAIN, ...main };
  const books = new Books(before, completed(subs, main.period));
  return new MonthStart(books, before, main.nextMonthStart);
}

function* completed(subs: Iterable<ResetSub>, period: string): Generator<SubAccount> {
  for (const sub of subs) yield { ...NO_COUNTERS, period, ...sub };
}

/** Fields that do not affect the returns and grants of a month start. */
const NO_MAIN = {
  featureActive: true,
  suspended: false,
  suspendBelow: null,
  monthStartFailed: false,
  periodOpenedAt: 0,
  purchased: ZERO,
  used: ZERO,
  held: ZERO,
  granted: ZERO,
  activeSubAccounts: 0,
  subAccounts: 0,
  opened: 0,
  sequence: 0,
  transferSequence: 0,
};
const NO_COUNTERS = {
  paused: false,
  boost: ZERO,
  used: ZERO,
  overage: ZERO,
  held: ZERO,
  opening: ZERO,
  deletedAt: null,
};

function* allRows(start: MonthStart): Generator<ResetRow> {
  for (const part of start.parts(PART)) yield* rowsOf(part);
}

/** A part has the sub-accounts' events in the order of their states. The last part ends with the summary. */
const rowsOf = ({ events, changes }: MonthStartPart): ResetRow[] =>
  changes.subAccounts.map((sub, index) => rowOf(events[index] as PartEvent, sub));
type PartEvent = MonthStartPart['events'][number];

function rowOf({ transfers }: PartEvent, sub: SubAccount): ResetRow {
  const moved = (to: 'main' | 'sub'): Points =>
    transfers
      .filter((transfer) => (transfer.to === 'main') === (to === 'main'))
      .reduce((sum, { amount }) => (sum + amount) as Points, ZERO);
  const granted = moved('sub');
  const missing = shortfall(sub);
  return {
    id: sub.id,
    ordinal: sub.ordinal,
    priority: sub.priority,
    limit: sub.limit,
    returned: moved('main'),
    needed: sub.lifecycle === 'active' ? target(sub) : ZERO,
    granted,
    shortfall: missing,
    outcome: outcomeOf(sub, missing, granted),
  };
}

function outcomeOf(sub: SubAccount, missing: Points, granted: Points): ResetOutcome {
  if (sub.lifecycle !== 'active') return 'inactive';
  if (missing === 0n) return 'funded';
  return granted > 0n ? 'partly-funded' : 'unfunded';
}

/** Runs a generator to its end, and yields to the event loop between its steps. */
export async function runYielding<Result>(steps: Generator<void, Result>): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await nextTurn();
  }
}
