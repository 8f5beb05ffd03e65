import { MAX_HOLD_SECONDS } from '@subledger/contracts/vocabulary';
import type { Books } from '../books.js';
import { Draft } from '../draft.js';
import { fundingPass } from '../funding.js';
import { giveBack } from '../give-back.js';
import type { CommandOf, HoldExpired } from '../input.js';
import type { Decision, Rejection } from '../outcome.js';
import type { EpochMs } from '../period.js';
import { add, min, type Points, subtract, ZERO } from '../points.js';
import { reject } from '../reject.js';
import type { Hold, SubAccount } from '../state.js';
import { statusOf } from '../status.js';
import type { WithMain, WithSub } from './with-main.js';

const MS_PER_SECOND = 1_000;

/** Refusal if the message already has a hold or a charge, otherwise null. */
function messageRefusal(books: Books, messageId: string): Rejection | null {
  if (books.charges.has(messageId)) return { code: 'already-charged' };
  const hold = books.holds.get(messageId);
  if (!hold) return null;
  return { code: hold.state === 'open' ? 'already-held' : 'hold-released' };
}

/** Refusal by the sub-account's status, or by a limit that does not cover the points; otherwise null. */
function sendingRefusal({ main, stored }: WithSub, points: Points): Rejection | null {
  const status = statusOf(main, stored);
  switch (status) {
    case 'active':
      return points > stored.remaining
        ? { code: 'limit-exceeded', needed: points, remaining: stored.remaining }
        : null;
    case 'deleted':
      return { code: 'sub-account-not-found' };
    default:
      return { code: `sub-account-${status}`, needed: points, remaining: stored.remaining };
  }
}

/** Transfers sub → hold, for a message that is about to be sent. */
export function placeHold(context: WithSub, command: CommandOf<'hold.place'>): Decision {
  const { books, main, stored } = context;
  const { messageId, points, expiresInSeconds } = command.data;
  // The ledger would dead-letter such a message as `too-many-points`.
  const isPossible = points > 0n && points <= context.policy.maxMessagePoints;
  if (!isPossible) return reject(books, { code: 'invalid-amount' }, stored.id);
  const refusal = messageRefusal(books, messageId) ?? sendingRefusal(context, points);
  if (refusal) return reject(books, refusal, stored.id);

  const draft = new Draft(books, main);
  const sub = draft.sub(stored.id) as SubAccount;
  const expiresAt = command.at + Math.min(expiresInSeconds, MAX_HOLD_SECONDS) * MS_PER_SECOND;
  const hold = draft.addHold({
    messageId,
    subAccountId: sub.id,
    period: main.period,
    points: ZERO,
    state: 'open',
    expiresAt,
  });
  sub.held = add(sub.held, points);
  draft.move('hold-placement', { sub }, { hold }, points, { sub, messageId, reference: messageId });
  draft.emit('hold.placed', { messageId, points, expiresAt }, sub);
  return draft.finish();
}

/**
 * Takes a hold out of the sub-account's count and returns its points by the rule for returned points (`giveBack`).
 * Used for a release, and for points that a message left unspent.
 * @returns the points returned, in millipoints
 */
export function returnHold(draft: Draft, hold: Hold): Points {
  const sub = draft.sub(hold.subAccountId as string) as SubAccount;
  const amount = hold.points;
  releaseHeld(draft, sub, hold, amount);
  const { messageId, period } = hold;
  giveBack(draft, { from: { hold }, amount, kind: 'hold-release', sub, messageId, period });
  draft.addLate(sub, period, { returned: amount });
  return amount;
}

/** `held` counts only holds of the current period. */
export function releaseHeld(draft: Draft, sub: SubAccount, hold: Hold, amount: Points): void {
  if (hold.period === draft.main.period) sub.held = subtract(sub.held, min(sub.held, amount));
}

/**
 * Releases an unused hold. A hold that is not placed yet is barred (docs/decisions/0012). A second release changes
 * nothing.
 */
export function releaseHold({ books, main }: WithMain, command: CommandOf<'hold.release'>): Decision {
  return release(new Draft(books, main), { ...command.data, at: command.at });
}

/**
 * Whether a hold is open and past its end, so that the ledger releases it (design, section 7). Not while a month start
 * is due: the points would come back to a month that is over.
 * @param at the ledger's time, milliseconds since 1970
 */
export function isHoldOver(books: Books, messageId: string, at: EpochMs): boolean {
  const { main } = books;
  const hold = books.holds.get(messageId);
  if (!main || hold?.state !== 'open' || hold.expiresAt > at) return false;
  return at < main.nextMonthStart || main.monthStartFailed;
}

/**
 * Releases a hold whose end has passed, with reason `expired`. A message that is reported later is charged like one
 * without a hold.
 * @throws RangeError if it is not over (`isHoldOver`): a bug
 */
export function expireHold(books: Books, { messageId, at }: HoldExpired): Decision {
  const { main } = books;
  if (!main || !isHoldOver(books, messageId, at)) throw new RangeError(`hold ${messageId} is not over`);
  return release(new Draft(books, main), { messageId, reason: 'expired', at });
}

interface Release {
  readonly messageId: string;
  readonly reason: 'released' | 'expired';
  /** Of a bar, whose message has no hold. */
  readonly subAccountId?: string;
  readonly at: EpochMs;
}

function release(draft: Draft, { messageId, reason, subAccountId, at }: Release): Decision {
  const hold = draft.hold(messageId);
  let points = ZERO;
  if (!hold) bar(draft, messageId, subAccountId ?? null, at);
  else if (hold.state === 'open') {
    points = returnHold(draft, hold);
    hold.state = 'released';
  }
  // A bar never held points. A repeated release of a bar names no sub-account either, like the first.
  const holder = hold && hold.state !== 'barred' ? hold.subAccountId : null;
  const sub = holder ? (draft.sub(holder) ?? null) : null;
  const period = hold && sub ? hold.period : null;
  const late = points > 0n && sub !== null && period !== null && draft.isClosed(sub, period);
  draft.emit('hold.released', { messageId, points, reason, period, late }, sub);
  fundingPass(draft);
  return draft.finish();
}

/** A charged message needs no bar, because `already-charged` prevents a later hold. */
function bar(draft: Draft, messageId: string, subAccountId: string | null, at: number): void {
  if (draft.charge(messageId)) return;
  draft.addHold({
    messageId,
    subAccountId,
    period: draft.main.period,
    points: ZERO,
    state: 'barred',
    expiresAt: at,
  });
}
