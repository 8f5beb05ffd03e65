import { MAX_SENT_AHEAD_SECONDS, MAX_SENT_BEHIND_DAYS } from '@subledger/contracts/vocabulary';
import type { Books } from '../books.js';
import { releaseHeld, returnHold } from '../commands/hold.js';
import { Draft } from '../draft.js';
import { fundingPass } from '../funding.js';
import type { LedgerPolicy, MessageSent } from '../input.js';
import type { Decision } from '../outcome.js';
import { type EpochMs, type Period, periodAt, previousPeriod } from '../period.js';
import { add, formatPoints, min, type Points, subtract, ZERO } from '../points.js';
import type { Charge, Hold, MainAccount, SubAccount } from '../state.js';

/**
 * The period of a message without a hold: the current one, or an earlier one if the message was sent before the
 * current one opened. It is never a later one: if a sender's clock is slightly ahead at the end of a month, its
 * messages count to the open month (docs/decisions/0003).
 */
function periodOfMessage(main: MainAccount, sentAt: number): Period {
  if (sentAt >= main.periodOpenedAt) return main.period;
  const sent = periodAt(sentAt, main.timeZone);
  return sent < main.period ? sent : previousPeriod(main.period);
}

/** A repeated message is dropped. If its points or its sub-account differ, it is dead-lettered for the operators. */
function seenBefore(charge: Charge, fact: MessageSent): Decision {
  if (charge.points === fact.points && charge.subAccountId === fact.subAccountId)
    return { kind: 'duplicate' };
  return {
    kind: 'dead-letter',
    reason: 'conflicting-duplicate',
    detail: `message ${fact.messageId} was charged before with other points or another sub-account`,
  };
}

const MS_PER_DAY = 24 * 60 * 60 * 1_000;

/**
 * Why a time of sending cannot be right, or null if it can (docs/decisions/0027). The message log uses it too,
 * because it has no place for messages that are never charged.
 * @param sentAt milliseconds since 1970, by the sender's clock
 * @param brokerAt broker time of the record, milliseconds since 1970
 */
export function sentAtProblem(
  sentAt: EpochMs,
  brokerAt: EpochMs,
): 'sent-in-future' | 'sent-too-long-ago' | null {
  if (sentAt > brokerAt + MAX_SENT_AHEAD_SECONDS * 1_000) return 'sent-in-future';
  if (sentAt < brokerAt - MAX_SENT_BEHIND_DAYS * MS_PER_DAY) return 'sent-too-long-ago';
  return null;
}

const PROBLEM_DETAILS = {
  'sent-in-future': `sentAt is over ${MAX_SENT_AHEAD_SECONDS / 3_600} h ahead of the broker's clock`,
  'sent-too-long-ago': `sentAt is over ${MAX_SENT_BEHIND_DAYS} days behind the broker's clock`,
} as const;

/** A message that no correct sender reports. It is dead-lettered for the operators and moves nothing. */
function implausible(
  { sentAt, at, points }: MessageSent,
  { maxMessagePoints }: LedgerPolicy,
): Decision | null {
  const reason = sentAtProblem(sentAt, at);
  if (reason) return { kind: 'dead-letter', reason, detail: PROBLEM_DETAILS[reason] };
  if (points <= maxMessagePoints) return null;
  const detail = `${formatPoints(points)} points, and one message may cost ${formatPoints(maxMessagePoints)}`;
  return { kind: 'dead-letter', reason: 'too-many-points', detail };
}

/**
 * Charges a sent message, at most once. It is never refused. An open hold pays first and decides the period, whatever
 * the sub-account's status. Then the sub-account pays as far as its points go. Main pays the rest as overage, even
 * below zero. For a closed period, or an inactive or deleted sub-account, main pays (docs/decisions/0003).
 */
export function chargeMessage(books: Books, fact: MessageSent, policy: LedgerPolicy): Decision {
  const { main } = books;
  if (!main) return { kind: 'dead-letter', reason: 'unknown-main-account', detail: fact.mainAccountId };
  const stored = books.subAccounts.get(fact.subAccountId);
  if (!stored) return { kind: 'dead-letter', reason: 'unknown-sub-account', detail: fact.subAccountId };
  const charged = books.charges.get(fact.messageId);
  if (charged) return seenBefore(charged, fact);
  const refused = implausible(fact, policy);
  if (refused) return refused;

  const draft = new Draft(books, main);
  const sub = draft.sub(stored.id) as SubAccount;
  const known = draft.hold(fact.messageId);
  // Another sub-account's hold cannot pay. It ends by itself (`isHoldOver`).
  const hold = known?.state === 'open' && known.subAccountId === sub.id ? known : null;
  const period = hold?.period ?? periodOfMessage(main, fact.sentAt);
  charge(draft, { sub, hold, period, fact });
  fundingPass(draft);
  return draft.finish();
}

interface Charging {
  readonly sub: SubAccount;
  readonly hold: Hold | null;
  readonly period: Period;
  readonly fact: MessageSent;
}

function charge(draft: Draft, { sub, hold, period, fact }: Charging): void {
  const { messageId, points } = fact;
  const context = { sub, messageId, period, reference: messageId };
  const open = period === draft.main.period;

  const fromHold = hold ? min(hold.points, points) : ZERO;
  if (hold) {
    draft.move('hold-settlement', { hold }, 'used', fromHold, context);
    releaseHeld(draft, sub, hold, fromHold);
  }
  const excess = subtract(points, fromHold);
  const fromSub = open && sub.lifecycle === 'active' ? min(sub.remaining, excess) : ZERO;
  draft.move('message-charge', { sub }, 'used', fromSub, context);
  const fromMain = subtract(excess, fromSub);
  draft.move('message-overage', 'main', 'used', fromMain, context);
  if (open) {
    sub.used = add(sub.used, points);
    sub.overage = add(sub.overage, fromMain);
  }
  if (hold) settle(draft, hold);

  draft.addCharge({ messageId, subAccountId: sub.id, period, points, refunded: ZERO });
  const detail = { messageId, period, points };
  draft.addLate(sub, period, { used: points });
  const late = draft.isClosed(sub, period);
  draft.emit('message.charged', { ...detail, fromHold, fromSub, fromMain, late }, sub);
  if (open && fromMain > 0n) draft.emit('limit.exceeded', { ...detail, overage: fromMain as Points }, sub);
}

/** Returns the points of the hold that the message did not use. */
function settle(draft: Draft, hold: Hold): void {
  if (hold.points > 0n) returnHold(draft, hold);
  hold.state = 'settled';
}
