import type { Books } from '../books.js';
import type { WithMain } from '../commands/with-main.js';
import { Draft } from '../draft.js';
import type { CommandOf } from '../input.js';
import { type Decision, onlyMain } from '../outcome.js';
import { type EpochMs, nextPeriod } from '../period.js';
import { reject } from '../reject.js';
import type { MainAccount } from '../state.js';
import { MonthStart } from './month-start.js';

/** One month start as one decision. @throws what makes it impossible: a bug, or a time zone that is none */
function rollOnce(books: Books, main: MainAccount, at: EpochMs): Decision {
  const start = new MonthStart(books, main, at);
  const [whole] = start.parts(Number.POSITIVE_INFINITY);
  return { kind: 'decided', ...(whole as NonNullable<typeof whole>) };
}

/**
 * The implicit month start: the record's broker time has passed it. One period. Where it throws, the account stays in
 * its month and sending stops; it is tried again with every command (`isRollRetried`), and repairs go on meanwhile.
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

/** Whether the month start can be worked out: one of many sub-accounts is made part by part, and must not fail amid. */
export function canRoll(books: Books, main: MainAccount, at: EpochMs): boolean {
  try {
    return new MonthStart(books, main, at).events > 0;
  } catch {
    return false;
  }
}

/** Why the scheduler's month start rolls nothing: done before, or not due; null where it rolls the next period. */
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
 * The scheduler's month start for the period that begins. A period reached before is `already-rolled`. Only the next
 * one can be rolled, and before its month start only where the policy allows it: due ones were rolled by the clock.
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
