import type { AutomaticSuspension, SubAccountStatus, Suspension } from '@subledger/contracts/vocabulary';
import { available, shortfall } from './derive.js';
import type { MainAccount, SubAccount } from './state.js';

type Suspendable = Pick<
  MainAccount,
  'suspended' | 'suspendBelow' | 'monthStartFailed' | 'plan' | 'creditLimit' | 'balance'
>;

/** Whether `available` is below the account's bound. With unlimited credit it never is. */
function isLow(main: Suspendable): boolean {
  if (main.suspendBelow === null) return false;
  const left = available(main);
  return left !== null && left < main.suspendBelow;
}

/** Whether sending is stopped for the whole main account. */
export const isSuspended = (main: Suspendable): boolean =>
  main.suspended || main.monthStartFailed || isLow(main);

/** All reasons why sending is stopped for the whole main account, in the order of `SUSPENSIONS`. */
export function suspensionsOf(main: Suspendable): Suspension[] {
  const found: Suspension[] = [];
  if (main.suspended) found.push('operator');
  if (isLow(main)) found.push('low-balance');
  if (main.monthStartFailed) found.push('month-start-failed');
  return found;
}

/**
 * The shown status of a sub-account: the first that applies, in the order of `SUB_ACCOUNT_STATUSES` (design, section
 * 2).
 */
export function statusOf(main: Suspendable, sub: SubAccount): SubAccountStatus {
  if (sub.lifecycle === 'deleted') return 'deleted';
  if (sub.lifecycle === 'inactive') return 'inactive';
  if (isSuspended(main)) return 'suspended';
  if (sub.paused) return 'paused';
  return sub.remaining === 0n && shortfall(sub) > 0n ? 'unfunded' : 'active';
}

/** A suspension that began or ended automatically. It becomes an event of its own, the last of its decision. */
export interface SuspensionChange {
  readonly name: 'main-account.sending-stopped' | 'main-account.sending-resumed';
  readonly detail: { readonly reason: AutomaticSuspension };
}

/** The automatic suspensions that a decision began or ended. */
export function suspensionChanges(before: MainAccount | null, after: MainAccount): SuspensionChange[] {
  const changes: SuspensionChange[] = [];
  const compare = (reason: AutomaticSuspension, was: boolean, is: boolean) => {
    if (was === is) return;
    const name = is ? 'main-account.sending-stopped' : 'main-account.sending-resumed';
    changes.push({ name, detail: { reason } });
  };
  compare('low-balance', before !== null && isLow(before), isLow(after));
  compare('month-start-failed', before?.monthStartFailed ?? false, after.monthStartFailed);
  return changes;
}
