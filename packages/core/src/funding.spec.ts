import { describe } from '@jest/globals';
import { later, opened, refunded, run, sent, table } from './testing/table.js';

const buy = (points: string) => run('points.purchase', { points });
/** Three that used all, 60 each, and a main account with nothing in December. */
const short = (...limits: string[]) => {
  const ids = limits.map((_, index) => `sa_${index + 1}`);
  return [
    ...limits.flatMap((limit, index) => [
      opened(limit, ids[index]),
      sent(limit, `used_${index}`, { sub: ids[index] as string }),
    ]),
    later('2026-12-05T00:00:00Z'),
  ];
};
const main = (balance: string, fundingPolicy: 'full' | 'partial' = 'full') => ({ balance, fundingPolicy });
const has = (...remaining: string[]) =>
  Object.fromEntries(remaining.map((points, index) => [`sa_${index + 1}`, { remaining: points }]));
const priority = (subAccountId: string, value: number) =>
  run('sub-account.configure', { subAccountId, priority: value });

describe('funding pass after a purchase', () => {
  table([
    {
      name: 'full: in order of creation',
      main: main('180'),
      given: short('60', '60', '60'),
      when: buy('130'),
      outcome: 'points.purchased',
      moves: ['purchased → main 130', 'main → sub:sa_1 60', 'main → sub:sa_2 60'],
      subs: has('60', '60', '0'),
      books: { balance: '10' },
      events: ['points.purchased', 'sub-account.funded', 'sub-account.funded'],
      detail: ['sub-account.funded', { points: '60' }],
    },
    {
      name: 'full: the whole shortfall or nothing',
      main: main('60'),
      given: short('60'),
      when: buy('59.999'),
      outcome: 'points.purchased',
      subs: has('0'),
      books: { balance: '59.999' },
    },
    {
      name: 'full: exactly the shortfall',
      main: main('60'),
      given: short('60'),
      when: buy('60'),
      outcome: 'points.purchased',
      subs: has('60'),
      books: { balance: '0' },
    },
    {
      name: 'full: a later, smaller one is still funded',
      main: main('180'),
      given: short('100', '50', '30'),
      when: buy('90'),
      outcome: 'points.purchased',
      subs: has('0', '50', '30'),
      books: { balance: '10' },
    },
    {
      name: 'full: what a first pass left and a second purchase reach together',
      main: main('60'),
      given: [...short('60'), buy('40')],
      when: buy('20'),
      outcome: 'points.purchased',
      subs: has('60'),
      books: { balance: '0' },
    },
    {
      name: 'priority before creation',
      main: main('180'),
      given: [...short('60', '60', '60'), priority('sa_3', 1)],
      when: buy('60'),
      outcome: 'points.purchased',
      subs: has('0', '0', '60'),
    },
    {
      name: 'priority 0 is first, a large one last',
      main: main('180'),
      given: [...short('60', '60', '60'), priority('sa_1', 1_000_000), priority('sa_2', 0)],
      when: buy('120'),
      outcome: 'points.purchased',
      subs: has('0', '60', '60'),
    },
    {
      name: 'the same priority: creation decides, not the time of the change',
      main: main('120'),
      given: [...short('60', '60'), priority('sa_2', 5), priority('sa_1', 5)],
      when: buy('60'),
      outcome: 'points.purchased',
      subs: has('60', '0'),
    },
    {
      name: 'creation is not the id',
      main: main('120'),
      given: [
        opened('60', 'sa_9'),
        sent('60', 'a', { sub: 'sa_9' }),
        opened('60', 'sa_1'),
        sent('60', 'b'),
        later('2026-12-05T00:00:00Z'),
      ],
      when: buy('60'),
      outcome: 'points.purchased',
      subs: { sa_9: { remaining: '60' }, sa_1: { remaining: '0' } },
    },
    {
      name: 'partial: what is left goes to the first short one',
      main: main('180', 'partial'),
      given: short('60', '60', '60'),
      when: buy('100'),
      outcome: 'points.purchased',
      moves: ['purchased → main 100', 'main → sub:sa_1 60', 'main → sub:sa_2 40'],
      subs: {
        sa_1: { remaining: '60' },
        sa_2: { remaining: '40', shortfall: '20', status: 'active' },
        sa_3: { remaining: '0', status: 'unfunded' },
      },
      books: { balance: '0' },
    },
    {
      name: 'partial: a later smaller one does not go first',
      main: main('150', 'partial'),
      given: short('100', '50'),
      when: buy('50'),
      outcome: 'points.purchased',
      subs: has('50', '0'),
    },
    {
      name: 'partial: fractions',
      main: main('60', 'partial'),
      given: short('60'),
      when: buy('0.001'),
      outcome: 'points.purchased',
      subs: has('0.001'),
    },
    {
      name: 'partial: the rest of a shortfall later',
      main: main('60', 'partial'),
      given: [...short('60'), buy('10')],
      when: buy('80'),
      outcome: 'points.purchased',
      subs: has('60'),
      books: { balance: '30' },
    },
    {
      name: 'debt is repaid first',
      main: main('60'),
      given: [...short('60'), sent('30', 'm9')],
      when: buy('59'),
      outcome: 'points.purchased',
      subs: { sa_1: { remaining: '0', shortfall: '30' } },
      books: { balance: '29' },
    },
    {
      name: 'nobody is funded in debt, not under partial either',
      main: main('60', 'partial'),
      given: [...short('60'), sent('30', 'm9')],
      when: buy('29'),
      outcome: 'points.purchased',
      moves: ['purchased → main 29'],
      books: { balance: '-1' },
    },
    {
      name: 'nor at exactly 0',
      main: main('60', 'partial'),
      given: [...short('60'), sent('30', 'm9')],
      when: buy('30'),
      outcome: 'points.purchased',
      moves: ['purchased → main 30'],
      books: { balance: '0' },
    },
    {
      name: 'inactive ones are not funded',
      main: main('120'),
      given: [...short('60', '60'), run('sub-account.deactivate')],
      when: buy('60'),
      outcome: 'points.purchased',
      subs: has('0', '60'),
    },
    {
      name: 'paused ones are',
      main: main('60'),
      given: [...short('60'), run('sub-account.pause')],
      when: buy('60'),
      outcome: 'points.purchased',
      subs: has('60'),
    },
    {
      name: 'credit counts',
      main: { plan: 'postpay', creditLimit: '100' },
      given: [...short('100'), sent('20', 'm9')],
      when: buy('100'),
      outcome: 'points.purchased',
      sub: { remaining: '80' },
      books: { balance: '-100', available: '0' },
    },
    {
      name: 'a configured priority alone moves nothing',
      main: main('120'),
      given: short('60', '60'),
      when: priority('sa_2', 1),
      outcome: 'sub-account.configured',
      moves: [],
      subs: { sa_2: { priority: 1 } },
    },
  ]);
});

describe('other rises of what is available, and falls of a shortfall', () => {
  table([
    {
      name: 'a message shortens the shortfall to what main has',
      main: main('100'),
      given: [...short('100'), buy('50')],
      when: sent('0.001', 'm9'),
      outcome: 'message.charged',
      sub: { shortfall: '99.999' },
    },
    {
      name: 'a message that main pays: the shortfall fits what main has left',
      main: main('100'),
      given: [...short('100'), buy('80')],
      when: sent('60', 'm9'),
      outcome: 'message.charged',
      sub: { used: '60', overage: '60', shortfall: '40', remaining: '0' },
      books: { balance: '20' },
    },
    {
      name: 'on postpay as well: then it is funded',
      main: { plan: 'postpay', creditLimit: '150', balance: '0.001' },
      given: [opened('100'), sent('100', 'x'), later('2026-12-05T00:00:00Z')],
      when: sent('10', 'm9'),
      outcome: 'message.charged',
      sub: { used: '10', shortfall: '90' },
    },
    {
      name: 'a refund to main funds another',
      main: main('120'),
      given: [
        opened('60'),
        opened('60', 'sa_2'),
        sent('60', 'm1', { sub: 'sa_2' }),
        sent('60', 'm2'),
        later('2026-12-05T00:00:00Z'),
      ],
      when: refunded('60'),
      outcome: 'message.credited',
      moves: ['used → main 60', 'main → sub:sa_1 60'],
      sub: { remaining: '60' },
    },
    {
      name: 'a released hold of a closed period that nobody needs stays in main',
      main: main('120'),
      given: [opened('60'), run('hold.place', { points: '60' }), later('2026-12-05T00:00:00Z')],
      when: run('hold.release'),
      outcome: 'hold.released',
      books: { balance: '60' },
      sub: { remaining: '60' },
    },
    {
      name: 'a released hold of a closed period funds its own sub-account',
      main: main('60'),
      given: [opened('60'), run('hold.place', { points: '60' }), later('2026-12-05T00:00:00Z')],
      when: run('hold.release'),
      outcome: 'hold.released',
      moves: ['hold:m1 → main 60', 'main → sub:sa_1 60'],
      sub: { remaining: '60', held: '0' },
    },
  ]);
});
