import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatPoints, millipoints, parsePoints } from './points.js';
import { Scenario } from './testing/scenario.js';
import { opened, run, sent, table } from './testing/table.js';

describe('a refusal for lack of points says how many are available, and how many would be enough', () => {
  table([
    {
      name: 'in debt, available is below 0',
      main: {},
      given: [
        run('points.purchase', { points: '5' }),
        opened('5'),
        sent('20'),
        run('limit.change', { limit: '0' }),
      ],
      when: run('sub-account.open', { subAccountId: 'sa_2', limit: '5' }),
      outcome: 'insufficient-main-balance',
      refusal: { needed: '5', available: '-15', lacking: '20' },
    },
    {
      name: 'what is funded first is lacking, too',
      main: {},
      given: [
        run('points.purchase', { points: '15' }),
        opened('10'),
        run('limit.change', { limit: '40', effective: 'next-period' }),
        (books) => {
          books.now = books.books.main?.nextMonthStart ?? 0;
          books.rollDue();
          return 'unfunded';
        },
      ],
      when: run('sub-account.open', { subAccountId: 'sa_2', limit: '20' }),
      outcome: 'insufficient-main-balance',
      refusal: { needed: '20', available: '15', lacking: '45' },
    },
  ]);

  it('a purchase of what is lacking is always enough', () => {
    const points = fc.bigInt({ min: 0n, max: 60_000n }).map((amount) => formatPoints(millipoints(amount)));
    const limit = fc.integer({ min: 0, max: 60 }).map(String);
    let refusals = 0;
    fc.assert(
      fc.property(
        fc.constantFrom('full', 'partial' as const),
        fc.array(limit, { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat({ max: 3 }), points), { maxLength: 4 }),
        fc.array(limit, { minLength: 1, maxLength: 4 }),
        limit,
        (fundingPolicy, limits, messages, later, wanted) => {
          const books = new Scenario({ balance: '60', fundingPolicy });
          for (const [index, first] of limits.entries()) opened(first, `sa_${index}`)(books);
          for (const [index, [sub, spent]] of messages.entries())
            sent(spent, `m${index}`, { sub: `sa_${sub}` })(books);
          for (const [index, next] of later.entries())
            run('limit.change', { subAccountId: `sa_${index}`, limit: next, effective: 'next-period' })(
              books,
            );
          books.now = books.books.main?.nextMonthStart ?? 0;
          books.rollDue();
          const ask = run('limit.change', { subAccountId: 'sa_0', limit: wanted });
          if (ask(books) !== 'insufficient-main-balance') return;
          refusals += 1;
          const { needed, available, lacking } = books.refusal as Record<string, string>;
          expect(available).toBe(books.main().available);
          expect(parsePoints(lacking as string)).toBeGreaterThanOrEqual(
            parsePoints(needed as string) - parsePoints(available as string),
          );
          run('points.purchase', { points: lacking })(books);
          expect(ask(books)).toBe('limit.changed');
        },
      ),
      { seed: 20_261_201, numRuns: 2_000 },
    );
    expect(refusals).toBeGreaterThan(100);
  });
});
