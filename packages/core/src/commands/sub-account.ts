import { DEFAULT_PRIORITY } from '@subledger/contracts/vocabulary';
import { closingOf, target } from '../derive.js';
import { Draft } from '../draft.js';
import { fundingPass } from '../funding.js';
import type { CommandOf } from '../input.js';
import type { Decision } from '../outcome.js';
import { type Points, subtract, ZERO } from '../points.js';
import { insufficient, reject } from '../reject.js';
import type { SubAccount } from '../state.js';
import type { WithMain, WithSub } from './with-main.js';

/** Transfers the whole limit main → sub, or refuses. */
export function openSubAccount(
  { books, main, policy }: WithMain,
  command: CommandOf<'sub-account.open'>,
): Decision {
  const { subAccountId, limit, priority } = command.data;
  if (books.subAccounts.has(subAccountId)) return reject(books, { code: 'already-exists' }, subAccountId);
  if (!main.featureActive) return reject(books, { code: 'feature-inactive' });
  if (main.subAccounts >= policy.maxSubAccounts) return reject(books, { code: 'too-many-sub-accounts' });
  const refusal = insufficient(books, main, limit);
  if (refusal) return reject(books, refusal);

  const draft = new Draft(books, main);
  const sub = draft.addSub({
    id: subAccountId,
    ordinal: draft.main.opened,
    lifecycle: 'active',
    paused: false,
    priority: priority ?? DEFAULT_PRIORITY,
    limit,
    nextLimit: null,
    period: main.period,
    boost: ZERO,
    used: ZERO,
    overage: ZERO,
    held: ZERO,
    remaining: ZERO,
    opening: limit,
    deletedAt: null,
  });
  draft.main.opened += 1;
  draft.main.subAccounts += 1;
  draft.main.activeSubAccounts += 1;
  draft.move('limit-grant', 'main', { sub }, limit, { sub });
  draft.emit('sub-account.opened', {}, sub);
  return draft.finish();
}

export function configureSubAccount(
  { books, main, stored }: WithSub,
  command: CommandOf<'sub-account.configure'>,
): Decision {
  const draft = new Draft(books, main);
  const sub = draft.sub(stored.id) as SubAccount;
  sub.priority = command.data.priority;
  draft.emit('sub-account.configured', {}, sub);
  return draft.finish();
}

/** Stops or allows sending. The points stay. */
export function setPaused({ books, main, stored }: WithSub, paused: boolean): Decision {
  if (stored.lifecycle === 'inactive') return reject(books, { code: 'sub-account-inactive' }, stored.id);
  const draft = new Draft(books, main);
  const sub = draft.sub(stored.id) as SubAccount;
  sub.paused = paused;
  draft.emit(paused ? 'sub-account.paused' : 'sub-account.resumed', {}, sub);
  return draft.finish();
}

/**
 * Returns all unused points, sub → main. Holds stay until they are resolved.
 * @returns the points returned, in millipoints
 */
function returnUnused(draft: Draft, sub: SubAccount): Points {
  const returned = sub.remaining;
  if (sub.lifecycle === 'active') draft.main.activeSubAccounts -= 1;
  sub.lifecycle = 'inactive';
  draft.move('deactivation-return', { sub }, 'main', returned, { sub });
  return returned;
}

export function deactivateSubAccount({ books, main, stored }: WithSub): Decision {
  if (stored.lifecycle === 'inactive') return reject(books, { code: 'sub-account-inactive' }, stored.id);
  const draft = new Draft(books, main);
  const sub = draft.sub(stored.id) as SubAccount;
  const returned = returnUnused(draft, sub);
  draft.emit('sub-account.deactivated', { returned }, sub);
  fundingPass(draft);
  return draft.finish();
}

/**
 * Funds the target, which subtracts what was used. So deactivation and reactivation within a period never refill a
 * limit.
 */
export function reactivateSubAccount({ books, main, stored }: WithSub): Decision {
  const draft = new Draft(books, main);
  const sub = draft.sub(stored.id) as SubAccount;
  if (sub.lifecycle === 'inactive') {
    if (!main.featureActive) return reject(books, { code: 'feature-inactive' }, stored.id);
    const needed = subtract(target(sub), sub.remaining);
    const refusal = insufficient(books, main, needed, stored.id);
    if (refusal) return reject(books, refusal, stored.id);
    sub.lifecycle = 'active';
    draft.main.activeSubAccounts += 1;
    draft.move('limit-grant', 'main', { sub }, needed, { sub });
  }
  draft.emit('sub-account.reactivated', {}, sub);
  return draft.finish();
}

/**
 * Deactivates the sub-account and marks it as deleted. Its log and statements stay, and its current statement closes
 * now.
 */
export function deleteSubAccount(
  { books, main, stored }: WithSub,
  command: CommandOf<'sub-account.delete'>,
): Decision {
  const draft = new Draft(books, main);
  const sub = draft.sub(stored.id) as SubAccount;
  const closed = closingOf(sub);
  draft.addStatement(sub, closed);
  const returned = returnUnused(draft, sub);
  sub.lifecycle = 'deleted';
  sub.deletedAt = command.at;
  sub.nextLimit = null;
  draft.main.subAccounts -= 1;
  draft.emit('sub-account.deleted', { returned, closed }, sub);
  fundingPass(draft);
  return draft.finish();
}
