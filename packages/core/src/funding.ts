import type { FundingPolicy } from '@subledger/contracts/vocabulary';
import { available, shortfall } from './derive.js';
import type { Draft } from './draft.js';
import { type Points, ZERO } from './points.js';
import type { SubAccount } from './state.js';

/** Funding order: priority ascending, then order of creation (design, section 3). */
export const byFundingOrder = (a: SubAccount, b: SubAccount): number =>
  a.priority - b.priority || a.ordinal - b.ordinal;

/**
 * Millipoints that the policy gives to a sub-account.
 * @param lacking its shortfall
 * @param left points left to distribute; null: unlimited
 */
export function share(policy: FundingPolicy, lacking: Points, left: Points | null): Points {
  if (left === null || lacking <= left) return lacking;
  return policy === 'partial' && left > 0n ? left : ZERO;
}

/**
 * Gives points to the sub-accounts with a shortfall, in funding order, as far as `available` goes (design, section
 * 3). Policy `full` covers a whole shortfall or nothing, so a later, smaller shortfall may still be covered. Policy
 * `partial` gives the rest to the first shortfall that it cannot cover. While `available` is 0 or below, no
 * sub-account is funded.
 */
function fund(
  draft: Draft,
  ids: readonly string[],
  onFunded: (sub: SubAccount, points: Points) => void,
): void {
  // Sorted on read-only rows: sub-accounts that get nothing are not copied into the draft.
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
 * The funding pass at the end of a decision, with one `sub-account.funded` each. If `available` rose, it considers
 * every sub-account with a shortfall, otherwise only those whose shortfall fell in this decision.
 */
export function fundingPass(draft: Draft): void {
  passOver(draft, draft.hasRisen() ? draft.shortIds() : draft.relievedIds());
}

/**
 * The funding pass over every sub-account with a shortfall. Also used after a change of the policy, because fewer
 * points may then be enough.
 */
export function fullFundingPass(draft: Draft): void {
  passOver(draft, draft.shortIds());
}

function passOver(draft: Draft, ids: readonly string[]): void {
  if (ids.length > 0) fund(draft, ids, (sub, points) => draft.emit('sub-account.funded', { points }, sub));
}
