import type { Books } from './books.js';
import { placeHold, releaseHold } from './commands/hold.js';
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
import type { Command, CommandName, Input, LedgerPolicy } from './input.js';
import { rollByClock, rollByCommand } from './month/roll.js';
import type { Decision } from './outcome.js';
import type { EpochMs } from './period.js';
import { reject } from './reject.js';

/** Whether a record of this broker time must find the account rolled first (design, section 3, month start). */
export function isRollDue(books: Books, at: EpochMs): boolean {
  return isRollPassed(books, at) && !books.main?.monthStartFailed;
}

const isRollPassed = (books: Books, at: EpochMs): boolean =>
  books.main !== null && at >= books.main.nextMonthStart;

/**
 * What is decided although the month start of the account failed: repairs, points that come in, and what only answers
 * or gives back. Everything else would count to the wrong month, and is refused with `month-start-failed`.
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
 * Whether a month start that failed is tried again with this input (`{ kind: 'clock' }`, once): before a command that
 * needs the new month, after one that may have repaired what was wrong. Messages try nothing: they may be many.
 */
export function isRollRetried(books: Books, input: Input, when: 'before' | 'after'): boolean {
  if (input.kind !== 'command' || !books.main?.monthStartFailed || !isRollPassed(books, input.at))
    return false;
  return DECIDED_WITHOUT_MONTH_START.has(input.name) === (when === 'after');
}

/**
 * Decides one input on the books of its main account, and changes nothing: `books.apply(decision.changes)` takes the
 * decision over. Pure and deterministic; time is the input's. The caller rolls due periods first
 * (`while (isRollDue(books, at))` with `{ kind: 'clock' }`), tries failed ones again (`isRollRetried`), and drops
 * commands that it has an outcome for.
 * @throws RangeError only for a bug in a rule (a negative balance); expected refusals are events
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

/** The commands that name one sub-account that must exist. */
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
