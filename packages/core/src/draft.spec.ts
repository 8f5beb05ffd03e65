import { describe, expect, it } from '@jest/globals';
import { Books } from './books.js';
import { Draft } from './draft.js';
import { parsePoints } from './points.js';
import type { MainAccount, SubAccount } from './state.js';
import { Scenario } from './testing/scenario.js';
import { opened, run, sent } from './testing/table.js';

/** Main has 50; `sa_1` lacks nothing of its 100; `sa_2` and `sa_3` lack all of theirs. */
function books(main: Partial<MainAccount> = {}) {
  const scenario = new Scenario({ balance: '1000' });
  for (const id of ['sa_1', 'sa_2', 'sa_3']) opened('100', id)(scenario);
  sent('10', 'm1')(scenario);
  run('hold.place', { messageId: 'm2', points: '5' })(scenario);
  const rows = [...scenario.books.subAccounts.values()].map((sub) =>
    sub.id === 'sa_1' ? sub : { ...sub, remaining: parsePoints('0') },
  );
  const made = new Books({ ...(scenario.books.main as MainAccount), ...main }, rows);
  for (const [id, hold] of scenario.books.holds) made.holds.set(id, hold);
  for (const [id, charge] of scenario.books.charges) made.charges.set(id, charge);
  return made;
}
const draftOf = (of: Books) => new Draft(of, of.main as MainAccount);
/** A change of one sub-account within the draft. */
type Change = readonly [id: string, fields: Partial<Record<keyof SubAccount, unknown>>];
const changed = (of: Books, changes: readonly Change[]) => {
  const draft = draftOf(of);
  for (const [id, fields] of changes) Object.assign(draft.sub(id) as SubAccount, read(fields));
  return draft;
};
/** Amounts of a row, written as text: read in the test, as what throws while a file loads is no failed test. */
const AMOUNTS = ['limit', 'remaining', 'balance', 'creditLimit'];
const read = (fields: object) =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      AMOUNTS.includes(key) && typeof value === 'string' ? parsePoints(value) : value,
    ]),
  );

describe('the candidates of a funding pass: only those that may be funded, so that a pass stays cheap', () => {
  const rows: [string, readonly Change[], short: string[], relieved: string[]][] = [
    ['nothing touched', [], ['sa_2', 'sa_3'], []],
    ['touched, but as it was', [['sa_2', {}]], ['sa_2', 'sa_3'], []],
    ['lacks less than before', [['sa_2', { limit: '60' }]], ['sa_2', 'sa_3'], ['sa_2']],
    ['lacks more than before', [['sa_2', { limit: '160' }]], ['sa_2', 'sa_3'], []],
    ['lacks nothing any more', [['sa_2', { remaining: '100' }]], ['sa_3'], []],
    ['lacks something newly', [['sa_1', { limit: '150' }]], ['sa_1', 'sa_2', 'sa_3'], ['sa_1']],
    ['lacks nothing still', [['sa_1', { priority: 1 }]], ['sa_2', 'sa_3'], []],
    ['inactive now', [['sa_3', { lifecycle: 'inactive' }]], ['sa_2'], []],
  ];
  it.each(rows)('%s', (_, changes, short, relieved) => {
    const draft = changed(books(), changes);
    expect(draft.shortIds().sort()).toEqual(short);
    expect(draft.relievedIds().sort()).toEqual(relieved);
  });

  it('a sub-account of this draft', () => {
    const draft = draftOf(books());
    const sub = draft.books.subAccounts.get('sa_2') as SubAccount;
    draft.addSub({ ...sub, id: 'sa_4' });
    expect(draft.shortIds().sort()).toEqual(['sa_2', 'sa_3', 'sa_4']);
    expect(draft.relievedIds()).toEqual(['sa_4']);
  });
});

describe('whether available has risen', () => {
  const LIMITED = { plan: 'postpay', creditLimit: '100' } as const;
  const UNLIMITED = { plan: 'postpay', creditLimit: null } as const;
  it.each<[string, object, object, boolean]>([
    ['as it was', {}, {}, false],
    ['less', {}, { balance: '649.999' }, false],
    ['more', {}, { balance: '700.001' }, true],
    ['more credit', LIMITED, { creditLimit: '101' }, true],
    ['less credit', LIMITED, { creditLimit: '99' }, false],
    ['credit without an end, newly', LIMITED, { creditLimit: null }, true],
    ['credit without an end, still', UNLIMITED, {}, true],
    ['an end to the credit', UNLIMITED, { creditLimit: '1' }, false],
  ])('%s', (_, was, is, risen) => {
    const draft = draftOf(books(read({ balance: '700', ...was })));
    Object.assign(draft.main, read(is));
    expect(draft.hasRisen()).toBe(risen);
  });
});

describe('a row is copied when first touched, and once', () => {
  it('of a sub-account, a hold and a charge', () => {
    const from = books();
    const draft = draftOf(from);
    expect(draft.sub('sa_1')).toBe(draft.sub('sa_1'));
    expect(draft.sub('sa_1')).not.toBe(from.subAccounts.get('sa_1'));
    expect(draft.hold('m2')).toBe(draft.hold('m2'));
    expect(draft.hold('m2')).not.toBe(from.holds.get('m2'));
    expect(draft.charge('m1')).toBe(draft.charge('m1'));
    expect(draft.charge('m1')).not.toBe(from.charges.get('m1'));
  });

  it('what there is not is undefined', () => {
    const draft = draftOf(books());
    expect([draft.sub('x'), draft.hold('x'), draft.charge('x'), draft.peek('x')]).toEqual(
      Array.from({ length: 4 }),
    );
  });
});

describe('books', () => {
  it('know the ids of those with a shortfall', () => {
    const own = books();
    expect([...own.short].sort()).toEqual(['sa_2', 'sa_3']);
  });

  it('forget messages, and only these', () => {
    const own = books();
    own.forgetLookedUp();
    expect([own.holds.size, own.charges.size, own.refunds.size]).toEqual([0, 0, 0]);
    expect(own.subAccounts.size).toBe(3);
    expect(own.main).not.toBeNull();
  });
});
