import { describe } from '@jest/globals';
import { opened, policy, run, sent, table } from './testing/table.js';

const off = run('sub-account.deactivate');
const remove = run('sub-account.delete');

describe('sub-account.open', () => {
  table([
    {
      name: 'moves its limit from main',
      when: opened('100'),
      outcome: 'sub-account.opened',
      events: ['sub-account.opened'],
      moves: ['main → sub:sa_1 100'],
      sub: {
        limit: '100',
        granted: '100',
        remaining: '100',
        used: '0',
        held: '0',
        boost: '0',
        overage: '0',
        status: 'active',
        ordinal: 0,
        period: '2026-11',
      },
      books: { balance: '900', granted: '100', activeSubAccounts: 1, subAccounts: 1, opened: 1 },
    },
    {
      name: 'of limit 0',
      main: {},
      when: opened('0'),
      outcome: 'sub-account.opened',
      moves: [],
      sub: { remaining: '0', shortfall: '0', status: 'active' },
    },
    {
      name: 'of limit 0 in debt',
      main: {},
      given: [opened('0', 'sa_0'), sent('5', 'm0', { sub: 'sa_0' })],
      when: opened('0'),
      outcome: 'sub-account.opened',
    },
    {
      name: 'with the last point',
      when: opened('1000'),
      outcome: 'sub-account.opened',
      books: { balance: '0' },
    },
    {
      name: 'all or nothing',
      when: opened('1001'),
      outcome: 'insufficient-main-balance',
      refusal: { needed: '1001', available: '1000' },
      books: { balance: '1000', subAccounts: 0, opened: 0 },
    },
    {
      name: 'all or nothing under partial funding too',
      main: { balance: '1000', fundingPolicy: 'partial' },
      when: opened('1001'),
      outcome: 'insufficient-main-balance',
    },
    {
      name: 'on credit',
      main: { plan: 'postpay', creditLimit: '100' },
      when: opened('100'),
      outcome: 'sub-account.opened',
      books: { balance: '-100', available: '0' },
    },
    {
      name: 'on unlimited credit',
      main: { plan: 'postpay', creditLimit: null },
      when: opened('1000000000'),
      outcome: 'sub-account.opened',
      books: { balance: '-1000000000', available: null },
    },
    {
      name: 'without the feature',
      main: { feature: false, balance: '1000' },
      when: opened('1'),
      outcome: 'feature-inactive',
    },
    {
      name: 'one too many',
      given: [policy({ maxSubAccounts: 1 }), opened('1', 'sa_2')],
      when: opened('1'),
      outcome: 'too-many-sub-accounts',
    },
    {
      name: 'inactive ones count',
      given: [
        policy({ maxSubAccounts: 1 }),
        opened('1', 'sa_2'),
        run('sub-account.deactivate', { subAccountId: 'sa_2' }),
      ],
      when: opened('1'),
      outcome: 'too-many-sub-accounts',
    },
    {
      name: 'deleted ones do not',
      given: [
        policy({ maxSubAccounts: 1 }),
        opened('1', 'sa_2'),
        run('sub-account.delete', { subAccountId: 'sa_2' }),
      ],
      when: opened('1'),
      outcome: 'sub-account.opened',
      sub: { ordinal: 1 },
    },
    {
      name: 'an id that is there',
      given: [opened('1')],
      when: opened('2'),
      outcome: 'already-exists',
      sub: { limit: '1' },
    },
    {
      name: 'an id that was deleted: tombstones stay',
      given: [opened('1'), remove],
      when: opened('2'),
      outcome: 'already-exists',
      sub: { status: 'deleted' },
    },
    {
      name: 'precedence: already-exists before feature-inactive',
      given: [opened('1'), off, run('feature.deactivate')],
      when: opened('1'),
      outcome: 'already-exists',
    },
    {
      name: 'precedence: feature-inactive before too-many-sub-accounts',
      given: [opened('1'), off, run('feature.deactivate'), policy({ maxSubAccounts: 1 })],
      when: opened('1', 'sa_2'),
      outcome: 'feature-inactive',
    },
    {
      name: 'precedence: feature-inactive before insufficient-main-balance',
      main: { feature: false },
      when: opened('1'),
      outcome: 'feature-inactive',
    },
    {
      name: 'precedence: too-many-sub-accounts before insufficient-main-balance',
      given: [opened('1'), policy({ maxSubAccounts: 1 })],
      when: opened('5000', 'sa_2'),
      outcome: 'too-many-sub-accounts',
    },
    {
      name: 'while suspended',
      given: [run('main-account.suspend')],
      when: opened('1'),
      outcome: 'sub-account.opened',
      sub: { status: 'suspended' },
    },
  ]);
});
