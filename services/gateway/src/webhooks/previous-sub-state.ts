import type { SubAccountState } from '@subledger/contracts';
import { parsePoints } from '@subledger/core';

/** Notifications sent for a sub-account in a period. */
const MARKS = ['reached-80', 'reached-100', 'exceeded', 'unfunded'] as const;
export type Mark = (typeof MARKS)[number];

/** The state with which a sub-account's next event is compared. Amounts are millipoints. */
export interface PreviousSubState {
  readonly period: string;
  readonly isActive: boolean;
  /** Limit and boost: the points that it may use in the period. */
  readonly cap: bigint;
  readonly used: bigint;
  readonly remaining: bigint;
  readonly shortfall: bigint;
  /** Sent in `period`. */
  readonly marks: ReadonlySet<Mark>;
}

type Figures = Omit<PreviousSubState, 'marks'>;

export const figuresOf = (state: SubAccountState): Figures => ({
  period: state.period,
  isActive: state.lifecycle === 'active',
  cap: parsePoints(state.limit) + parsePoints(state.boost),
  used: parsePoints(state.used),
  remaining: parsePoints(state.remaining),
  shortfall: parsePoints(state.shortfall),
});

/** A cap of 0 has no percentage that could be reached. */
const reaches = (percent: bigint, { isActive, cap, used }: Figures): boolean =>
  isActive && cap > 0n && used * 100n >= cap * percent;
const isUnfunded = ({ isActive, remaining, shortfall }: Figures): boolean =>
  isActive && remaining === 0n && shortfall > 0n;

const IS_SO: Record<Exclude<Mark, 'exceeded'>, (figures: Figures) => boolean> = {
  'reached-80': (figures) => reaches(80n, figures),
  'reached-100': (figures) => reaches(100n, figures),
  unfunded: isUnfunded,
};

/** Facts of the event beside the figures after it. */
interface Happened {
  /** The main account paid for a message of this period. */
  readonly isExceeded: boolean;
  readonly isFunded: boolean;
}

/**
 * Compares an event with the previous state. Pure.
 * @returns new conditions since the event, and the state after it
 */
export function stepOf(
  before: PreviousSubState | undefined,
  after: Figures,
  { isExceeded, isFunded }: Happened,
): { readonly crossed: readonly Mark[]; readonly previous: PreviousSubState } {
  const same = before?.period === after.period ? before : undefined;
  const marks = new Set(same?.marks);
  if (same && after.cap > same.cap) liftAfterRaise(marks, after);
  if (isFunded) marks.delete('exceeded');
  if (after.shortfall === 0n) marks.delete('unfunded');
  const crossed = MARKS.filter((mark) => {
    if (marks.has(mark)) return false;
    if (mark === 'exceeded') return isExceeded;
    return IS_SO[mark](after) && !(same && IS_SO[mark](same));
  });
  for (const mark of crossed) marks.add(mark);
  return { crossed, previous: { ...after, marks } };
}

/**
 * If a raised cap makes a percentage unreached, reaching it again is news. A refund does not, because each refund
 * could then cause another notification.
 */
function liftAfterRaise(marks: Set<Mark>, after: Figures): void {
  if (!reaches(80n, after)) marks.delete('reached-80');
  if (!reaches(100n, after)) marks.delete('reached-100');
  if (after.used < after.cap) marks.delete('exceeded');
}
