import { describe, expect, it } from '@jest/globals';
import { instantMs, Scenario } from './testing/scenario.js';

const withSub = (limit: string, balance = limit, main = {}) => {
  const books = new Scenario({ balance, ...main });
  books.run('sub-account.open', { subAccountId: 'sa_1', limit });
  return books;
};

describe('worked examples of the design, section 3', () => {
  it('limit 100, messages 90 and 40 → used 130, overage 30; refund of the 90 → main +30, remaining 60', () => {
    const books = withSub('100', '500');
    books.sent('m1', '90');
    expect(books.sent('m2', '40')).toBe('message.charged');
    expect(books.events.map(({ name }) => name)).toEqual(['message.charged', 'limit.exceeded']);
    expect(books.sub()).toMatchObject({ used: '130', overage: '30', remaining: '0' });
    expect(books.main().balance).toBe('370');
    books.refunded('r1', 'm1', '90');
    expect(books.main().balance).toBe('400');
    expect(books.sub()).toMatchObject({ used: '40', overage: '0', remaining: '60' });
  });

  it('limit 100, hold 80, change to 50 → 20 back to main; the hold expires → remaining 50, 30 to main', () => {
    const books = withSub('100');
    books.run('hold.place', { subAccountId: 'sa_1', messageId: 'm1', points: '80' });
    books.run('limit.change', { subAccountId: 'sa_1', limit: '50' });
    expect(books.main().balance).toBe('20');
    expect(books.sub()).toMatchObject({ held: '80', remaining: '0', shortfall: '0' });
    books.run('hold.release', { messageId: 'm1', reason: 'expired' });
    expect(books.main().balance).toBe('50');
    expect(books.sub()).toMatchObject({ held: '0', remaining: '50' });
  });

  it('limit 100, used 20, held 30, roll → remaining 100, the hold open; its message settles 30 to the old period', () => {
    const books = withSub('100', '200');
    books.sent('m1', '20');
    books.run('hold.place', { subAccountId: 'sa_1', messageId: 'm2', points: '30' });
    books.now = instantMs('2026-11-30T15:00:00Z'); // 2026-12-01T00:00 in Tokyo
    books.run('points.purchase', { points: '1' });
    expect(books.sub()).toMatchObject({ remaining: '100', used: '0', held: '0' });
    expect(books.main()).toMatchObject({ period: '2026-12', held: '30', balance: '51' });
    books.sent('m2', '30');
    expect(books.books.charges.get('m2')?.period).toBe('2026-11');
    expect(books.sub()).toMatchObject({ remaining: '100', used: '0' });
    expect(books.main()).toMatchObject({ held: '0', balance: '51', used: '50' });
  });

  it('limit 100, main 0, unfunded, message 30 → main −30; purchase of 100 → main 70, T = 70 → remaining 70, main 0', () => {
    const books = withSub('100', '100');
    books.sent('m0', '100');
    books.now = instantMs('2026-12-02T00:00:00Z');
    books.sent('m1', '30');
    expect(books.sub().status).toBe('unfunded');
    expect(books.main().balance).toBe('-30');
    books.run('points.purchase', { points: '100' });
    expect(books.main().balance).toBe('0');
    expect(books.sub()).toMatchObject({ remaining: '70', status: 'active' });
    expect(books.events.map(({ name }) => name)).toEqual(['points.purchased', 'sub-account.funded']);
  });

  it('postpay, credit 5,000, main −1,000, limit 3,000 → funded, main −4,000; another of 2,000 → refused, available 1,000', () => {
    const books = new Scenario({ plan: 'postpay', creditLimit: '5000' });
    books.run('sub-account.open', { subAccountId: 'sa_0', limit: '1000' });
    books.run('sub-account.open', { subAccountId: 'sa_1', limit: '3000' });
    expect(books.main().balance).toBe('-4000');
    expect(books.run('sub-account.open', { subAccountId: 'sa_2', limit: '2000' })).toBe(
      'insufficient-main-balance',
    );
    expect(books.refusal).toMatchObject({ needed: '2000', available: '1000' });
    expect(books.main().balance).toBe('-4000');
  });
});

describe('the story of the help article', () => {
  it('limit 1,000 of 10,000; 150 used; month start returns 850 and gives 1,000 again', () => {
    const books = new Scenario({ balance: '10000' });
    books.run('sub-account.open', { subAccountId: 'sa_1', limit: '1000' });
    expect(books.main().balance).toBe('9000');
    books.sent('m1', '150');
    expect(books.sub().remaining).toBe('850');
    expect(books.run('period.roll', { period: '2026-12' })).toBe('period.rolled');
    expect(books.main().balance).toBe('8850');
    expect(books.sub()).toMatchObject({ remaining: '1000', used: '0', granted: '1000' });
    expect(books.run('period.roll', { period: '2026-12' })).toBe('period.already-rolled');
    expect(books.run('plan.switch', { plan: 'postpay' })).toBe('sub-accounts-active');
    expect(books.refusal).toMatchObject({ blockers: ['sa_1'], blockerCount: 1 });
    books.run('sub-account.deactivate', { subAccountId: 'sa_1' });
    expect(books.main().balance).toBe('9850');
  });
});
