import type { Books } from '../books.js';
import { Draft } from '../draft.js';
import { fundingPass } from '../funding.js';
import { giveBack } from '../give-back.js';
import type { MessageRefunded } from '../input.js';
import type { Decision } from '../outcome.js';
import { add, min, subtract } from '../points.js';
import type { Charge, SubAccount } from '../state.js';

/** Returns at most what was charged and not refunded yet, once per refund id. */
export function refundMessage(books: Books, fact: MessageRefunded): Decision {
  const { main } = books;
  const { messageId, refundId, points: requested } = fact;
  if (!main) return { kind: 'dead-letter', reason: 'unknown-main-account', detail: fact.mainAccountId };
  const seen = books.refunds.get(refundId);
  if (seen) return seen.messageId === messageId ? { kind: 'duplicate' } : conflicting(refundId);
  if (!books.charges.has(messageId))
    return { kind: 'dead-letter', reason: 'unknown-message', detail: messageId };

  const draft = new Draft(books, main);
  const charge = draft.charge(messageId) as Charge;
  const sub = draft.sub(charge.subAccountId) as SubAccount;
  const points = min(requested, subtract(charge.points, charge.refunded));
  const { period } = charge;
  charge.refunded = add(charge.refunded, points);
  draft.addRefund({ refundId, messageId, points });
  if (period === main.period) sub.used = subtract(sub.used, points);
  giveBack(draft, { from: 'used', amount: points, kind: 'refund', sub, messageId, period });
  draft.addLate(sub, period, { refunded: points });
  const late = draft.isClosed(sub, period);
  draft.emit('message.credited', { messageId, period, points, refundId, requested, late }, sub);
  fundingPass(draft);
  return draft.finish();
}

/**
 * A refund id that was used for another message. If it were dropped as a duplicate, nobody would notice the lost
 * refund.
 */
const conflicting = (refundId: string): Decision => ({
  kind: 'dead-letter',
  reason: 'conflicting-duplicate',
  detail: `refund ${refundId} was booked before for another message`,
});
