import type { Books } from '../books.js';
import type { Decision, DomainEvent } from '../outcome.js';
import type { MainAccount, SubAccount } from '../state.js';
import { figuresOf } from './auditor-limits.js';
import { check, equal } from './check.js';

const INFINITE = 10n ** 30n;
export const spendable = (main: MainAccount): bigint =>
  main.plan === 'prepay'
    ? main.balance
    : main.creditLimit === null
      ? INFINITE
      : main.balance + main.creditLimit;

const inOrder = (subs: Iterable<SubAccount>) =>
  [...subs].sort((a, b) => a.priority - b.priority || a.ordinal - b.ordinal);

/** Points that a pass over these shortfalls gives to each, by the text of section 3. */
function naivePass(policy: string, start: bigint, lacks: readonly bigint[]): bigint[] {
  let left = start;
  return lacks.map((lack) => {
    const fits = lack > 0n && lack <= left;
    const gets = fits ? lack : policy === 'partial' && lack > 0n && left > 0n ? left : 0n;
    left -= gets;
    return gets;
  });
}

const PASS_EVENTS = ['sub-account.funded', 'sub-account.rolled', 'period.rolled'];
const given = (events: readonly DomainEvent[], id: string) =>
  events
    .flatMap(({ transfers }) => transfers)
    .filter((move) => move.from === 'main' && move.to === `sub:${id}`)
    .reduce((sum, { amount }) => sum + amount, 0n);

/**
 * Checks that after every decision no sub-account lacks points that `available` covers. If a funding pass ran, it
 * must have given the same as the naive pass from the same start.
 */
export function auditFunding(books: Books, decision: Extract<Decision, { kind: 'decided' }>): void {
  const main = books.main;
  if (!main) return;
  const left = spendable(main);
  const subs = inOrder(books.subAccounts.values());
  const lacks = subs.map((sub) => figuresOf(sub, main.period).shortfall);
  for (const [index, lack] of lacks.entries())
    if (lack > 0n && left > 0n)
      check(
        main.fundingPolicy === 'full' && lack > left,
        () => `${subs[index]?.id} lacks ${lack}, ${left} is available, policy ${main.fundingPolicy}`,
      );
  const passed = decision.events.filter(({ name }) => PASS_EVENTS.includes(name));
  if (passed.length === 0) return;
  const gifts = subs.map(({ id }) => given(passed, id));
  const start = left + gifts.reduce((sum, gift) => sum + gift, 0n);
  const wanted = naivePass(
    main.fundingPolicy,
    start,
    lacks.map((lack, index) => lack + (gifts[index] as bigint)),
  );
  for (const [index, gift] of gifts.entries()) equal(gift, wanted[index], `funding of ${subs[index]?.id}`);
}
