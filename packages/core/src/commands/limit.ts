import { target } from '../derive.js';
import { Draft } from '../draft.js';
import { fundingPass } from '../funding.js';
import type { CommandOf } from '../input.js';
import type { Decision, Rejection } from '../outcome.js';
import { add, negate, type Points, subtract } from '../points.js';
import { insufficient, reject } from '../reject.js';
import type { SubAccount } from '../state.js';
import type { WithSub } from './with-main.js';

/** Moves points up to the sub-account's target: the whole difference, or a refusal. */
function raiseToTarget(draft: Draft, sub: SubAccount): Rejection | null {
  const needed = subtract(target(sub), sub.remaining);
  const refusal = insufficient(draft.books, draft.main, needed, sub.id);
  if (!refusal && needed > 0n) draft.move('limit-grant', 'main', { sub }, needed, { sub });
  return refusal;
}

/** Returns points above the target to main. */
function returnSurplus(draft: Draft, sub: SubAccount): void {
  const surplus: Points = negate(subtract(target(sub), sub.remaining));
  if (surplus > 0n) draft.move('limit-return', { sub }, 'main', surplus, { sub });
}

/**
 * Computes the target anew and moves the difference at once, in either direction. A raise must fund the whole new
 * target. A change that does not raise the limit is never refused for lack of balance. An immediate change clears a
 * pending one. For an inactive sub-account, and for `next-period`, it only stores the limit.
 */
export function changeLimit({ books, main, stored }: WithSub, command: CommandOf<'limit.change'>): Decision {
  const { limit, effective } = command.data;
  const draft = new Draft(books, main);
  const sub = draft.sub(stored.id) as SubAccount;
  if (effective === 'next-period') {
    sub.nextLimit = limit;
  } else {
    sub.limit = limit;
    sub.nextLimit = null;
    if (sub.lifecycle === 'active') {
      const refusal = limit > stored.limit ? raiseToTarget(draft, sub) : null;
      if (refusal) return reject(books, refusal, stored.id);
      returnSurplus(draft, sub);
    }
  }
  draft.emit('limit.changed', { effective }, sub);
  fundingPass(draft);
  return draft.finish();
}

/** Raises the target of this period. The boost ends with the month. */
export function boostLimit({ books, main, stored }: WithSub, command: CommandOf<'limit.boost'>): Decision {
  const { points } = command.data;
  if (points <= 0n) return reject(books, { code: 'invalid-amount' }, stored.id);
  if (stored.lifecycle === 'inactive') return reject(books, { code: 'sub-account-inactive' }, stored.id);
  const draft = new Draft(books, main);
  const sub = draft.sub(stored.id) as SubAccount;
  sub.boost = add(sub.boost, points);
  const refusal = raiseToTarget(draft, sub);
  if (refusal) return reject(books, refusal, stored.id);
  draft.emit('limit.boosted', { points }, sub);
  return draft.finish();
}
