import { shortfall } from './derive.js';
import type { Changes } from './outcome.js';
import type { BookedReference, Charge, Hold, MainAccount, Refund, SubAccount } from './state.js';

/**
 * All that `decide` needs of one main account. `main` and every sub-account are complete. Holds, charges, refunds and
 * references contain at least those that the current record can touch, loaded by the caller, by id
 * (docs/decisions/0012). `forgetLookedUp` drops them between records.
 */
export class Books {
  main: MainAccount | null;
  readonly subAccounts: Map<string, SubAccount>;
  readonly holds = new Map<string, Hold>();
  readonly charges = new Map<string, Charge>();
  readonly refunds = new Map<string, Refund>();
  readonly references = new Map<string, BookedReference>();
  /** Ids of active sub-accounts with a shortfall: the candidates of a funding pass. */
  readonly short = new Set<string>();

  constructor(main: MainAccount | null = null, subAccounts: Iterable<SubAccount> = []) {
    this.main = main;
    this.subAccounts = new Map();
    for (const sub of subAccounts) this.#put(sub);
  }

  /** Applies a decision: replaces the rows that it changed. Books change in no other way. */
  apply(changes: Changes): void {
    if (changes.main) this.main = changes.main;
    for (const sub of changes.subAccounts) this.#put(sub);
    for (const hold of changes.holds) this.holds.set(hold.messageId, hold);
    for (const charge of changes.charges) this.charges.set(charge.messageId, charge);
    for (const refund of changes.refunds) this.refunds.set(refund.refundId, refund);
    for (const reference of changes.references) this.references.set(reference.key, reference);
  }

  /** Drops holds, charges, refunds and references, which the caller loads per batch. */
  forgetLookedUp(): void {
    this.holds.clear();
    this.charges.clear();
    this.refunds.clear();
    this.references.clear();
  }

  #put(sub: SubAccount): void {
    this.subAccounts.set(sub.id, sub);
    if (shortfall(sub) > 0n) this.short.add(sub.id);
    else this.short.delete(sub.id);
  }
}
