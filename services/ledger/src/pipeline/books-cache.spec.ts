import { describe, expect, it } from '@jest/globals';
import { Books, type MainAccount, type SubAccount, ZERO } from '@subledger/core';
import { BooksCache, CacheBudget } from './books-cache.js';

const sub = (id: string): SubAccount => ({
  id,
  ordinal: 1,
  lifecycle: 'active',
  paused: false,
  priority: 1,
  limit: ZERO,
  nextLimit: null,
  period: '2026-11',
  boost: ZERO,
  used: ZERO,
  overage: ZERO,
  held: ZERO,
  opening: ZERO,
  deletedAt: null,
  remaining: ZERO,
});
const books = (subAccounts: number) =>
  new Books(
    { id: 'ma_1' } as MainAccount,
    Array.from({ length: subAccounts }, (_, i) => sub(`sa_${i}`)),
  );

describe('the books in memory', () => {
  it('stay within the budget of all lanes, the longest unused first to go', () => {
    const budget = new CacheBudget(12);
    const one = new BooksCache(budget);
    const other = new BooksCache(budget);
    for (const id of ['a', 'b', 'c']) one.put(id, books(3));
    one.settle(['a', 'b', 'c']);
    expect(budget.used).toBe(12);
    one.get('a');
    other.put('d', books(3));
    other.settle(['d']);
    // Too much together, but a lane's last books stay.
    expect(other.has('d')).toBe(true);
    one.put('e', books(3));
    one.settle(['e']);
    expect(['a', 'b', 'c', 'e'].map((id) => one.has(id))).toEqual([true, false, false, true]);
    one.clear();
    expect(budget.used).toBe(4);
  });

  it('counts what was opened meanwhile, forgets messages, and keeps no empty books', () => {
    const budget = new CacheBudget(100);
    const cache = new BooksCache(budget);
    const known = books(1);
    cache.put('a', known);
    known.subAccounts.set('sa_new', sub('sa_new'));
    known.refunds.set('r', { refundId: 'r', messageId: 'm', points: ZERO });
    cache.put('unknown', new Books());
    cache.settle(['a', 'unknown']);
    expect(budget.used).toBe(3);
    expect(known.refunds.size).toBe(0);
    expect(cache.has('unknown')).toBe(false);
  });
});
