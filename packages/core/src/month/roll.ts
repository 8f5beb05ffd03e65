import type { Books } from '../books.js';
import type { WithMain } from '../commands/with-main.js';
import { Draft } from '../draft.js';
import type { CommandOf } from '../input.js';
import { type Decision, onlyMain } from '../outcome.js';
import { type EpochMs, nextPeriod } from '../period.js';
import { reject } from '../reject.js';
import type { MainAccount } from '../state.js';
import { MonthStart } from './month-start.js';

/**
 * One month start as one decision.
 * @throws RangeError if it cannot be computed: a bug of a rule, or an invalid time zone
 */
function rollOnce(books: Books, main: MainAccount, at: EpochMs): Decision {
  const start = new MonthStart(books, main, at);
  const [whole] = start.parts(Number.POSITIVE_INFINITY);
  return { kind: 'decided', ...(whole as NonNullable<typeof whole>) };
}

/**
 * The implicit month start, for a record whose broker time has passed it. Rolls one period. If the month start
 * throws, the account stays in its month and sending stops. Commands try it again (`isRollRetried`), and repairs
 * remain possible (docs/decisions/0025).
 */
export function rollByClock(books: Books, main: MainAccount, at: EpochMs): Decision {
  try {
    return rollOnce(books, main, at);
  } catch (error) {
    if (main.monthStartFailed) return { kind: 'decided', events: [], changes: onlyMain(main) };
    const draft = new Draft(books, main);
    draft.failMonthStart(String(error));
    return draft.finish();
  }
}

/**
 * Whether the month start can be computed. A month start of many sub-accounts is made in parts, and must not fail
 * midway.
 * @param at broker time, milliseconds since 1970
 */
export function canRoll(books: Books, main: MainAccount, at: EpochMs): boolean {
  try {
    return new MonthStart(books, main, at).events > 0;
  } catch {
    return false;
  }
}

/**
 * Why the scheduler's command rolls nothing: the period was rolled before, or is not due. Null if it rolls the next
 * period.
 */
function notRolled({ books, main, policy }: WithMain, command: CommandOf<'period.roll'>): Decision | null {
  const { period } = command.data;
  if (period <= main.period) {
    const draft = new Draft(books, main);
    draft.emit('period.already-rolled', { period });
    return draft.finish();
  }
  const isNext = period === nextPeriod(main.period);
  const isDue = command.at >= main.nextMonthStart || policy.allowEarlyRoll;
  return isNext && isDue ? null : reject(books, { code: 'period-not-due' });
}

/**
 * The scheduler's month start of the period that begins. A period that was reached before gives `already-rolled`.
 * Only the next period can be rolled, and before its month start only if the policy allows it. The clock has already
 * rolled due periods.
 */
export function rollByCommand(context: WithMain, command: CommandOf<'period.roll'>): Decision {
  const { books, main } = context;
  const answer = notRolled(context, command);
  if (answer) return answer;
  try {
    return rollOnce(books, main, command.at);
  } catch {
    return reject(books, { code: 'month-start-failed' });
  }
}

/** Whether `decide` would roll the next period for this command. */
export const wouldRoll = (context: WithMain, command: CommandOf<'period.roll'>): boolean =>
  notRolled(context, command) === null && canRoll(context.books, context.main, command.at);
