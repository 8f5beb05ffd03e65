import { describe } from '@jest/globals';
import { opened, run, sent, table } from './testing/table.js';

const POSTPAY = { plan: 'postpay', creditLimit: '100' } as const;
/** A message of nobody's limit takes main to −30. */
const IN_DEBT = [opened('0'), sent('30')];

describe('feature', () => {
  table([
    {
      name: 'activate',
      main: { feature: false },
      when: run('feature.activate'),
      outcome: 'feature.activated',
      books: { featureActive: true },
    },
    {
      name: 'deactivate',
      when: run('feature.deactivate'),
      outcome: 'feature.deactivated',
      books: { featureActive: false },
    },
    {
      name: 'deactivate names the active sub-accounts in the way',
      given: [
        opened('1'),
        opened('1', 'sa_2'),
        opened('1', 'sa_3'),
        run('sub-account.deactivate', { subAccountId: 'sa_2' }),
      ],
      when: run('feature.deactivate'),
      outcome: 'sub-accounts-active',
      refusal: { blockers: ['sa_1', 'sa_3'], blockerCount: 2 },
      books: { featureActive: true },
    },
    {
      name: 'deactivate with inactive and deleted ones, and an open hold of one of them',
      given: [
        opened('5'),
        opened('1', 'sa_2'),
        run('hold.place', { points: '2' }),
        run('sub-account.deactivate'),
        run('sub-account.delete', { subAccountId: 'sa_2' }),
      ],
      when: run('feature.deactivate'),
      outcome: 'feature.deactivated',
      books: { held: '2' },
    },
  ]);
});

describe('plan.switch', () => {
  table([
    {
      name: 'prepay → postpay',
      main: { creditLimit: '50', balance: '10' },
      when: run('plan.switch', { plan: 'postpay' }),
      outcome: 'plan.switched',
      books: { plan: 'postpay', available: '60', balance: '10' },
      detail: ['plan.switched', { plan: 'postpay' }],
    },
    {
      name: 'postpay → prepay',
      main: { ...POSTPAY, balance: '10' },
      when: run('plan.switch', { plan: 'prepay' }),
      outcome: 'plan.switched',
      books: { plan: 'prepay', available: '10' },
    },
    {
      name: 'postpay → prepay with nothing',
      main: { ...POSTPAY },
      when: run('plan.switch', { plan: 'prepay' }),
      outcome: 'plan.switched',
      books: { available: '0' },
    },
    {
      name: 'active sub-accounts stand in the way',
      given: [opened('1', 'sa_2'), opened('1', 'sa_1')],
      when: run('plan.switch', { plan: 'postpay' }),
      outcome: 'sub-accounts-active',
      refusal: { blockers: ['sa_2', 'sa_1'], blockerCount: 2 },
      books: { plan: 'prepay' },
    },
    {
      name: 'to the plan that it has: nothing stands in the way',
      given: [opened('1')],
      when: run('plan.switch', { plan: 'prepay' }),
      outcome: 'plan.switched',
      detail: ['plan.switched', { plan: 'prepay' }],
    },
    {
      name: 'to the plan that it has, in debt',
      main: {},
      given: IN_DEBT,
      when: run('plan.switch', { plan: 'prepay' }),
      outcome: 'plan.switched',
    },
    {
      name: 'names a hundred of those in the way, and counts all',
      given: Array.from({ length: 102 }, (_, index) => opened('1', `sa_${index}`)),
      when: run('plan.switch', { plan: 'postpay' }),
      outcome: 'sub-accounts-active',
      refusal: { blockers: Array.from({ length: 100 }, (_, index) => `sa_${index}`), blockerCount: 102 },
    },
    {
      name: 'debt stands in the way of prepay',
      main: { ...POSTPAY },
      given: [opened('30'), sent('0.001'), run('sub-account.deactivate')],
      when: run('plan.switch', { plan: 'prepay' }),
      outcome: 'balance-due',
      books: { plan: 'postpay', balance: '-0.001' },
    },
    {
      name: 'debt above the credit stands in the way of postpay',
      main: { creditLimit: '29' },
      given: [...IN_DEBT, run('sub-account.deactivate')],
      when: run('plan.switch', { plan: 'postpay' }),
      outcome: 'balance-due',
    },
    {
      name: 'debt within the credit does not',
      main: { creditLimit: '30' },
      given: [...IN_DEBT, run('sub-account.deactivate')],
      when: run('plan.switch', { plan: 'postpay' }),
      outcome: 'plan.switched',
      books: { available: '0' },
    },
    {
      name: 'both: the active ones are named first',
      main: { ...POSTPAY },
      given: [opened('30')],
      when: run('plan.switch', { plan: 'prepay' }),
      outcome: 'sub-accounts-active',
    },
    {
      name: 'open holds of inactive sub-accounts do not',
      given: [opened('100'), run('hold.place', { points: '40' }), run('sub-account.deactivate')],
      when: run('plan.switch', { plan: 'postpay' }),
      outcome: 'plan.switched',
      books: { held: '40', balance: '960' },
    },
  ]);
});
