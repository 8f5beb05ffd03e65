import type { TransferKind } from '@subledger/contracts/vocabulary';
import { shortfall } from './derive.js';
import type { Account, Draft } from './draft.js';
import type { Period } from './period.js';
import { min, type Points, subtract } from './points.js';
import type { SubAccount } from './state.js';

interface GivenBack {
  readonly from: Account;
  readonly amount: Points;
  /** Kind of the transfers to the sub-account, and of the rest to main. */
  readonly kind: TransferKind;
  readonly sub: SubAccount;
  readonly messageId: string;
  /** The period that the points belonged to. */
  readonly period: Period;
}

/**
 * Returned points: a released hold, the unspent part of a hold, or a refund. If the sub-account is active and the
 * period is its open one, they first repay its overage to main, then fill it up to its target, and the rest goes to
 * main. Otherwise, for a closed period or an inactive sub-account, all of them go to main. The caller has already
 * taken them out of the counters (`used`, `held`).
 */
export function giveBack(draft: Draft, back: GivenBack): void {
  const { sub, from, kind } = back;
  const context = { sub, messageId: back.messageId, period: back.period, reference: back.messageId };
  let left = back.amount;
  const open = back.period === draft.main.period;
  if (open) {
    // An inactive sub-account's overage falls too, because it is part of `used`, which has fallen.
    const repaid = min(sub.overage, left);
    sub.overage = subtract(sub.overage, repaid);
    draft.move('overage-repayment', from, 'main', repaid, context);
    left = subtract(left, repaid);
    if (sub.lifecycle === 'active') {
      const filled = min(shortfall(sub), left);
      draft.move(kind, from, { sub }, filled, context);
      left = subtract(left, filled);
    }
  }
  draft.move(kind, from, 'main', left, context);
}
