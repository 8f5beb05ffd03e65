import type { Books } from '../books.js';
import type { SubAccount } from '../state.js';
import type { Auditor } from './auditor.js';
import { check, equal } from './check.js';

/** A naive reading of section 2: points that a sub-account should have. Counters of an older period read as zero. */
export function figuresOf(sub: SubAccount, period: string) {
  const now = sub.period === period;
  const [boost, used, held] = now ? [sub.boost, sub.used, sub.held] : [0n, 0n, 0n];
  const wanted = sub.limit + boost - used - held;
  const target = wanted > 0n ? wanted : 0n;
  const lacks = sub.lifecycle === 'active' && target > sub.remaining ? target - sub.remaining : 0n;
  return { target, shortfall: lacks, used, held, overage: now ? sub.overage : 0n };
}

/** Checks section 2's equation, and that the stored counters agree with the transfers. */
export function auditLimits(books: Books, auditor: Auditor): void {
  const main = books.main;
  if (!main) return;
  const lives = { active: 0, inactive: 0, deleted: 0 };
  const short: string[] = [];
  for (const sub of books.subAccounts.values()) {
    lives[sub.lifecycle]++;
    const { target, used, held, overage, shortfall } = figuresOf(sub, main.period);
    if (shortfall > 0n) short.push(sub.id);
    let holding = 0n;
    for (const hold of books.holds.values())
      if (hold.subAccountId === sub.id && hold.period === main.period) holding += hold.points;
    equal(held, holding, `held of ${sub.id}`);
    equal(used, auditor.used.get(`${sub.id} ${main.period}`) ?? 0n, `used of ${sub.id}`);
    check(overage >= 0n && overage <= used, `overage of ${sub.id} is ${overage} of ${used} used`);
    check(sub.remaining >= 0n, `remaining of ${sub.id} below 0`);
    check(
      sub.remaining + (used - overage) + held >= 0n,
      `granted of ${sub.id} below 0: ${sub.remaining} + ${used} − ${overage} + ${held}`,
    );
    if (sub.lifecycle === 'active')
      check(sub.remaining <= target, `${sub.id} has ${sub.remaining}, targets at ${target}`);
    else equal(sub.remaining, 0n, `points of ${sub.id}, which is ${sub.lifecycle}`);
  }
  equal([...books.short].sort().join(), short.sort().join(), 'short sub-accounts');
  equal(main.activeSubAccounts, lives.active, 'active sub-accounts');
  equal(main.subAccounts, lives.active + lives.inactive, 'sub-accounts');
  equal(main.opened, books.subAccounts.size, 'sub-accounts ever opened');
}
