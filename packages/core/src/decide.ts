import type { Books } from './books.js';
import { expireHold, placeHold, releaseHold } from './commands/hold.js';
import { boostLimit, changeLimit } from './commands/limit.js';
import {
  activateFeature,
  configureMainAccount,
  deactivateFeature,
  openMainAccount,
  requestSnapshot,
  setSuspended,
  switchPlan,
} from './commands/main-account.js';
import { adjustPoints, purchasePoints } from './commands/points.js';
import {
  configureSubAccount,
  deactivateSubAccount,
  deleteSubAccount,
  openSubAccount,
  reactivateSubAccount,
  setPaused,
} from './commands/sub-account.js';
import type { WithMain, WithSub } from './commands/with-main.js';
import { refundMessage } from './facts/message-refunded.js';
import { chargeMessage } from './facts/message-sent.js';
import type { Command, CommandName, CommandOf, Input, LedgerPolicy } from './input.js';
import { rollByClock, rollByCommand } from './month/roll.js';
import type { Decision } from './outcome.js';
import { type EpochMs, nextPeriod } from './period.js';
import { reject } from './reject.js';

/**
 * Whether the account must be rolled before a record of this broker time is decided (design, section 3, month start).
 * @param at broker time, milliseconds since 1970
 */
export function isRollDue(books: Books, at: EpochMs): boolean {
  return isRollPassed(books, at) && !books.main?.monthStartFailed;
}

const isRollPassed = (books: Books, at: EpochMs): boolean =>
  books.main !== null && at >= books.main.nextMonthStart;

/**
 * Whether the input itself rolls the next period, so that the clock does not roll it before.
 * @param isRepeat whether it is a command whose outcome is known: it decides nothing again. So a roll that was refused
 *   because it came too early does not keep the clock from rolling when its repeat comes in time.
 */
export function requestsRoll(
  books: Books,
  input: Input,
  isRepeat: boolean,
): input is CommandOf<'period.roll'> {
  if (isRepeat || input.kind !== 'command' || input.name !== 'period.roll' || !books.main) return false;
  return input.data.period === nextPeriod(books.main.period);
}

/**
 * Commands that are decided although the account's month start failed (docs/decisions/0025): repairs, points that come
 * in, and commands that only answer or return points. `hold.place` is then refused as `suspended`. Any other command
 * would count to the wrong month, and is refused with `month-start-failed`.
 */
const DECIDED_WITHOUT_MONTH_START: ReadonlySet<CommandName> = new Set([
  'main-account.configure',
  'main-account.suspend',
  'main-account.resume',
  'points.purchase',
  'points.adjust',
  'hold.place',
  'hold.release',
  'snapshot.request',
]);

/**
 * Whether a failed month start is tried again with this input (`{ kind: 'clock' }`, once): before a command that
 * needs the new month, or after a command that may have repaired the cause (docs/decisions/0025). Messages cause no
 * attempt, because there may be many.
 */
export function isRollRetried(books: Books, input: Input, when: 'before' | 'after'): boolean {
  if (input.kind !== 'command' || !books.main?.monthStartFailed || !isRollPassed(books, input.at))
    return false;
  return DECIDED_WITHOUT_MONTH_START.has(input.name) === (when === 'after');
}

/**
 * Decides one input on the books of its main account. It changes nothing: `books.apply(decision.changes)` applies the
 * decision. Pure and deterministic: time comes from the input. Expected refusals are events of the decision, in the
 * precedence of `REJECTION_CODES`.
 *
 * Before it, the caller rolls due periods (`while (isRollDue(books, at))` with `{ kind: 'clock' }`, unless the input
 * `requestsRoll`), tries failed month starts again (`isRollRetried`), and drops commands whose outcome it already has (design, section 3).
 * @throws RangeError for a bug only: a rule made a balance negative, the input is unknown, the clock is reached
 *   without books, or a hold expires that is not over
 */
export function decide(books: Books, input: Input, policy: LedgerPolicy): Decision {
  switch (input.kind) {
    case 'command':
      return decideCommand(books, input, policy);
    case 'message.sent':
      return chargeMessage(books, input, policy);
    case 'message.refunded':
      return refundMessage(books, input);
    case 'clock':
      if (!books.main) throw new RangeError('no books to roll');
      return rollByClock(books, books.main, input.at);
    case 'hold.expired':
      return expireHold(books, input);
    default:
      return assertNever(input);
  }
}

function decideCommand(books: Books, command: Command, policy: LedgerPolicy): Decision {
  if (command.name === 'main-account.open') return openMainAccount(books, command);
  if (!books.main) return reject(books, { code: 'main-account-not-found' });
  if (books.main.monthStartFailed && !DECIDED_WITHOUT_MONTH_START.has(command.name)) {
    const { subAccountId = null } = command.data as { subAccountId?: string };
    return reject(books, { code: 'month-start-failed' }, subAccountId);
  }
  const context: WithMain = { books, main: books.main, policy };
  switch (command.name) {
    case 'main-account.configure':
      return configureMainAccount(context, command);
    case 'main-account.suspend':
      return setSuspended(context, true);
    case 'main-account.resume':
      return setSuspended(context, false);
    case 'feature.activate':
      return activateFeature(context);
    case 'feature.deactivate':
      return deactivateFeature(context);
    case 'points.purchase':
      return purchasePoints(context, command);
    case 'points.adjust':
      return adjustPoints(context, command);
    case 'plan.switch':
      return switchPlan(context, command);
    case 'sub-account.open':
      return openSubAccount(context, command);
    case 'hold.release':
      return releaseHold(context, command);
    case 'period.roll':
      return rollByCommand(context, command);
    case 'snapshot.request':
      return requestSnapshot(context, command);
    default:
      return decideForSub(context, command);
  }
}

/** Commands that name one sub-account, which must exist. */
type SubCommand = Exclude<Extract<Command, { data: { subAccountId: string } }>, { name: 'sub-account.open' }>;

function decideForSub(context: WithMain, command: SubCommand): Decision {
  const { books } = context;
  const stored = books.subAccounts.get(command.data.subAccountId);
  if (!stored || stored.lifecycle === 'deleted') return reject(books, { code: 'sub-account-not-found' });
  const withSub: WithSub = { ...context, stored };
  switch (command.name) {
    case 'sub-account.configure':
      return configureSubAccount(withSub, command);
    case 'limit.change':
      return changeLimit(withSub, command);
    case 'limit.boost':
      return boostLimit(withSub, command);
    case 'sub-account.pause':
      return setPaused(withSub, true);
    case 'sub-account.resume':
      return setPaused(withSub, false);
    case 'sub-account.deactivate':
      return deactivateSubAccount(withSub);
    case 'sub-account.reactivate':
      return reactivateSubAccount(withSub);
    case 'sub-account.delete':
      return deleteSubAccount(withSub, command);
    case 'hold.place':
      return placeHold(withSub, command);
    default:
      return assertNever(command);
  }
}

function assertNever(value: never): never {
  throw new RangeError(`not a known input: ${JSON.stringify(value)}`);
}
