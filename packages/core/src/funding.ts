import type { FundingPolicy } from '@subledger/contracts/vocabulary';
import { available, shortfall } from './derive.js';
import type { Draft } from './draft.js';
import { type Points, ZERO } from './points.js';
import type { SubAccount } from './state.js';

/** Funding order: priority ascending, then creation (design, section 3). */
export const byFundingOrder = (a: SubAccount, b: SubAccount): number =>
  a.priority - b.priority || a.ordinal - b.ordinal;

/** What the policy gives to a sub-account with this shortfall out of `left` (null: unlimited). */
export function share(policy: FundingPolicy, lacking: Points, left: Points | null): Points {
  if (left === null || lacking <= left) return lacking;
  return policy === 'partial' && left > 0n ? left : ZERO;
}

/**
 * Gives the sub-accounts with a shortfall what `available` covers, in funding order. Policy `full`: the whole
 * shortfall or nothing, and a later, smaller one may still be funded; `partial`: what is left goes to the first
 * short one. While `available` is 0 or below nobody is funded.
 */
function fund(
  draft: Draft,
  ids: readonly string[],
  onFunded: (sub: SubAccount, points: Points) => void,
): void {
  // Sorted on rows that are only read: those that get nothing are not copied into the draft.
  const queue = ids.map((id) => draft.peek(id) as Readonly<SubAccount>).sort(byFundingOrder);
  for (const { id } of queue) {
    const left = available(draft.main);
    if (left !== null && left <= 0n) return;
    const amount = share(draft.main.fundingPolicy, shortfall(draft.peek(id) as SubAccount), left);
    if (amount === 0n) continue;
    const sub = draft.sub(id) as SubAccount;
    draft.move('limit-grant', 'main', { sub }, amount, { sub });
    onFunded(sub, amount);
  }
}

/**
 * The pass at the end of a decision, one `sub-account.funded` each: after a rise of `available` everyone who lacks
 * something is looked at, else only those whose shortfall fell here.
 */
export function fundingPass(draft: Draft): void {
  passOver(draft, draft.hasRisen() ? draft.shortIds() : draft.relievedIds());
}

/** The pass over everyone who lacks something: also after a change of the policy, by which less may be enough. */
export function fullFundingPass(draft: Draft): void {
  passOver(draft, draft.shortIds());
}

function passOver(draft: Draft, ids: readonly string[]): void {
  if (ids.length > 0) fund(draft, ids, (sub, points) => draft.emit('sub-account.funded', { points }, sub));
}
