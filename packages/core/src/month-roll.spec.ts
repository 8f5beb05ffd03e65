import { describe } from '@jest/globals';
import { instantMs } from './testing/scenario.js';
import { opened, run, sent, table } from './testing/table.js';

const roll = (period = '2026-12') => run('period.roll', { period });

describe('a roll', () => {
  table([
    {
      name: 'returns what is unused and gives the limit again',
      given: [opened('100'), sent('30')],
      when: roll(),
      outcome: 'period.rolled',
      events: ['sub-account.rolled', 'period.rolled'],
      moves: ['sub:sa_1 → main 70', 'main → sub:sa_1 100'],
      sub: { used: '0', remaining: '100', granted: '100', period: '2026-12' },
      books: { balance: '870', period: '2026-12' },
      detail: [
        'period.rolled',
        { from: '2026-11', to: '2026-12', returned: '70', granted: '100', funded: 1, unfunded: 0 },
      ],
    },
    {
      name: 'closes the period of each sub-account',
      given: [opened('100'), run('limit.boost', { points: '20' }), sent('150')],
      when: roll(),
      outcome: 'period.rolled',
      detail: [
        'sub-account.rolled',
        {
          closed: {
            period: '2026-11',
            limit: 100_000n,
            boost: 20_000n,
            granted: 120_000n,
            used: 150_000n,
            overage: 30_000n,
            returned: 0n,
          },
        },
      ],
      sub: { boost: '0', overage: '0', used: '0' },
    },
    {
      name: 'closes with what was held',
      given: [opened('100'), run('hold.place', { points: '30' }), sent('20', 'm2')],
      when: roll(),
      outcome: 'period.rolled',
      detail: [
        'sub-account.rolled',
        {
          closed: {
            period: '2026-11',
            limit: 100_000n,
            boost: 0n,
            granted: 100_000n,
            used: 20_000n,
            overage: 0n,
            returned: 50_000n,
          },
        },
      ],
    },
    {
      name: 'applies pending limits',
      given: [opened('100'), run('limit.change', { limit: '40', effective: 'next-period' })],
      when: roll(),
      outcome: 'period.rolled',
      sub: { limit: '40', nextLimit: null, remaining: '40' },
      books: { balance: '960' },
    },
    {
      name: 'applies pending limits of inactive ones',
      given: [
        opened('100'),
        run('sub-account.deactivate'),
        run('limit.change', { limit: '40', effective: 'next-period' }),
      ],
      when: roll(),
      outcome: 'period.rolled',
      moves: [],
      sub: { limit: '40', nextLimit: null, status: 'inactive', remaining: '0' },
    },
    {
      name: 'ends used and overage of inactive ones',
      given: [opened('100'), sent('130'), run('sub-account.deactivate'), roll()],
      when: run('sub-account.reactivate'),
      outcome: 'sub-account.reactivated',
      sub: { used: '0', overage: '0', remaining: '100' },
    },
    {
      name: 'a pending limit that main cannot pay: unfunded',
      given: [opened('100'), run('limit.change', { limit: '5000', effective: 'next-period' })],
      when: roll(),
      outcome: 'period.rolled',
      sub: { limit: '5000', remaining: '0', status: 'unfunded' },
      detail: ['period.rolled', { funded: 0, unfunded: 1, granted: '0', returned: '100' }],
    },
    {
      name: 'one funding pass over all, in order',
      main: { balance: '150' },
      given: [
        opened('100'),
        opened('50', 'sa_2'),
        sent('60'),
        run('sub-account.configure', { subAccountId: 'sa_2', priority: 1 }),
      ],
      when: roll(),
      outcome: 'period.rolled',
      sub: { remaining: '0', status: 'unfunded' },
      subs: { sa_2: { remaining: '50' } },
      books: { balance: '40' },
    },
    {
      name: 'partial funding',
      main: { balance: '150', fundingPolicy: 'partial' },
      given: [opened('100'), opened('50', 'sa_2'), sent('60')],
      when: roll(),
      outcome: 'period.rolled',
      sub: { remaining: '90' },
      subs: { sa_2: { remaining: '0' } },
      books: { balance: '0' },
    },
    {
      name: 'in debt nobody is funded',
      main: { balance: '100' },
      given: [opened('100'), sent('130')],
      when: roll(),
      outcome: 'period.rolled',
      moves: [],
      sub: { used: '0', remaining: '0', status: 'unfunded' },
      books: { balance: '-30' },
    },
    {
      name: 'unused points repay debt',
      main: { balance: '200' },
      given: [opened('100'), opened('100', 'sa_2'), sent('130')],
      when: roll(),
      outcome: 'period.rolled',
      moves: ['sub:sa_2 → main 100'],
      books: { balance: '70' },
    },
    {
      name: 'without sub-accounts',
      when: roll(),
      outcome: 'period.rolled',
      events: ['period.rolled'],
      moves: [],
      books: { period: '2026-12', nextMonthStart: instantMs('2026-12-31T15:00:00Z') },
    },
    {
      name: 'deleted ones are over',
      given: [opened('100'), run('sub-account.delete')],
      when: roll(),
      outcome: 'period.rolled',
      moves: [],
      books: { balance: '1000' },
    },
    {
      name: 'limit 0',
      given: [opened('0')],
      when: roll(),
      outcome: 'period.rolled',
      moves: [],
      sub: { remaining: '0', status: 'active', period: '2026-12' },
    },
  ]);
});
