import { describe } from '@jest/globals';
import { later, opened, run, sent, table } from './testing/table.js';

const NEXT_MONTH = later('2026-12-05T00:00:00Z');
const off = run('sub-account.deactivate');
const on = run('sub-account.reactivate');
const remove = run('sub-account.delete');

describe('deactivate and reactivate', () => {
  table([
    {
      name: 'off: everything unused goes to main',
      given: [opened('100'), sent('30')],
      when: off,
      outcome: 'sub-account.deactivated',
      moves: ['sub:sa_1 → main 70'],
      sub: { status: 'inactive', remaining: '0', shortfall: '0', used: '30', granted: '30' },
      detail: ['sub-account.deactivated', { returned: '70' }],
      books: { activeSubAccounts: 0, subAccounts: 1, balance: '970' },
    },
    {
      name: 'off: holds stay',
      given: [opened('100'), run('hold.place', { points: '40' })],
      when: off,
      outcome: 'sub-account.deactivated',
      moves: ['sub:sa_1 → main 60'],
      hold: { state: 'open', points: '40' },
      sub: { held: '40' },
    },
    {
      name: 'off with nothing left',
      given: [opened('100'), sent('100')],
      when: off,
      outcome: 'sub-account.deactivated',
      moves: [],
      detail: ['sub-account.deactivated', { returned: '0' }],
    },
    {
      name: 'off funds the others',
      main: { balance: '150' },
      given: [opened('100'), opened('50', 'sa_2'), sent('50', 'm2', { sub: 'sa_2' }), NEXT_MONTH],
      when: off,
      outcome: 'sub-account.deactivated',
      moves: ['sub:sa_1 → main 100', 'main → sub:sa_2 50'],
    },
    { name: 'off twice', given: [opened('100'), off], when: off, outcome: 'sub-account-inactive' },
    {
      name: 'off a deleted one',
      given: [opened('100'), remove],
      when: off,
      outcome: 'sub-account-not-found',
    },
    { name: 'off an unknown one', when: off, outcome: 'sub-account-not-found' },
    {
      name: 'off while paused; on again it is still paused',
      given: [opened('100'), run('sub-account.pause'), off],
      when: on,
      outcome: 'sub-account.reactivated',
      sub: { status: 'paused', remaining: '100' },
    },
    {
      name: 'on again in the same period never refills what was used',
      given: [opened('100'), sent('30'), off],
      when: on,
      outcome: 'sub-account.reactivated',
      moves: ['main → sub:sa_1 70'],
      sub: { remaining: '70', used: '30', granted: '100' },
      books: { balance: '900' },
    },
    {
      name: 'nor what is held',
      given: [opened('100'), sent('30'), run('hold.place', { messageId: 'm2', points: '50' }), off],
      when: on,
      outcome: 'sub-account.reactivated',
      sub: { remaining: '20', held: '50', used: '30' },
    },
    {
      name: 'nor what it used while off',
      given: [opened('100'), off, sent('30')],
      when: on,
      outcome: 'sub-account.reactivated',
      moves: ['main → sub:sa_1 70'],
      sub: { remaining: '70', used: '30' },
    },
    {
      name: 'off and on ten times is like once',
      given: [opened('100'), sent('30'), ...Array.from({ length: 10 }, () => [off, on]).flat(), off],
      when: on,
      outcome: 'sub-account.reactivated',
      sub: { remaining: '70' },
      books: { balance: '900' },
    },
    {
      name: 'on in the next period it has its whole limit',
      given: [opened('100'), sent('30'), off, NEXT_MONTH],
      when: on,
      outcome: 'sub-account.reactivated',
      sub: { remaining: '100', used: '0', overage: '0', period: '2026-12' },
    },
    {
      name: 'a new limit in between counts',
      given: [opened('100'), sent('30'), off, run('limit.change', { limit: '40' })],
      when: on,
      outcome: 'sub-account.reactivated',
      sub: { remaining: '10' },
    },
    {
      name: 'on without the points',
      given: [opened('600'), off, opened('500', 'sa_2')],
      when: on,
      outcome: 'insufficient-main-balance',
      refusal: { needed: '600', available: '500' },
      sub: { status: 'inactive' },
    },
    {
      name: 'on with nothing to fund, in debt',
      main: { balance: '100' },
      given: [opened('100'), sent('130'), off],
      when: on,
      outcome: 'sub-account.reactivated',
      sub: { status: 'active', remaining: '0' },
      books: { balance: '-30' },
    },
    {
      name: 'on without the feature',
      given: [opened('100'), off, run('feature.deactivate')],
      when: on,
      outcome: 'feature-inactive',
      sub: { status: 'inactive' },
    },
    {
      name: 'precedence: feature-inactive before insufficient-main-balance',
      given: [
        opened('600'),
        off,
        opened('500', 'sa_2'),
        run('sub-account.deactivate', { subAccountId: 'sa_2' }),
        run('feature.deactivate'),
        run('points.adjust', { points: '-900' }),
      ],
      when: on,
      outcome: 'feature-inactive',
    },
    {
      name: 'precedence: sub-account-not-found before feature-inactive',
      given: [run('feature.deactivate')],
      when: on,
      outcome: 'sub-account-not-found',
    },
    { name: 'on a deleted one', given: [opened('100'), remove], when: on, outcome: 'sub-account-not-found' },
  ]);
});

describe('pause and resume', () => {
  table([
    {
      name: 'pause: points stay',
      given: [opened('100')],
      when: run('sub-account.pause'),
      outcome: 'sub-account.paused',
      moves: [],
      sub: { status: 'paused', remaining: '100' },
    },
    {
      name: 'resume',
      given: [opened('100'), run('sub-account.pause')],
      when: run('sub-account.resume'),
      outcome: 'sub-account.resumed',
      moves: [],
      sub: { status: 'active', remaining: '100' },
    },
    {
      name: 'a paused one is funded at the month start',
      given: [opened('100'), sent('40'), run('sub-account.pause'), NEXT_MONTH],
      when: run('sub-account.resume'),
      outcome: 'sub-account.resumed',
      sub: { remaining: '100' },
    },
    ...(['sub-account.pause', 'sub-account.resume'] as const).flatMap((name) => [
      {
        name: `${name} of an inactive one`,
        given: [opened('1'), off],
        when: run(name),
        outcome: 'sub-account-inactive',
      },
      {
        name: `${name} of a deleted one`,
        given: [opened('1'), remove],
        when: run(name),
        outcome: 'sub-account-not-found',
      },
      { name: `${name} of an unknown one`, when: run(name), outcome: 'sub-account-not-found' },
    ]),
  ]);
});

describe('sub-account.delete', () => {
  table([
    {
      name: 'gives everything unused back and leaves a tombstone',
      given: [opened('100'), sent('30')],
      when: remove,
      outcome: 'sub-account.deleted',
      moves: ['sub:sa_1 → main 70'],
      sub: { status: 'deleted', remaining: '0', shortfall: '0' },
      detail: ['sub-account.deleted', { returned: '70' }],
      books: { activeSubAccounts: 0, subAccounts: 0, opened: 1 },
    },
    {
      name: 'of an inactive one',
      given: [opened('100'), off],
      when: remove,
      outcome: 'sub-account.deleted',
      moves: [],
      detail: ['sub-account.deleted', { returned: '0' }],
      books: { subAccounts: 0 },
    },
    { name: 'twice', given: [opened('100'), remove], when: remove, outcome: 'sub-account-not-found' },
    { name: 'of an unknown one', when: remove, outcome: 'sub-account-not-found' },
    {
      name: 'holds stay until resolved',
      given: [opened('100'), run('hold.place', { points: '40' })],
      when: remove,
      outcome: 'sub-account.deleted',
      moves: ['sub:sa_1 → main 60'],
      hold: { state: 'open', points: '40' },
    },
    {
      name: 'a new one inherits nothing',
      given: [opened('100'), sent('130'), remove],
      when: opened('100', 'sa_2'),
      outcome: 'sub-account.opened',
      subs: { sa_2: { remaining: '100', used: '0', overage: '0' } },
    },
    {
      name: 'funds the others',
      main: { balance: '150' },
      given: [opened('100'), opened('50', 'sa_2'), sent('50', 'm2', { sub: 'sa_2' }), NEXT_MONTH],
      when: remove,
      outcome: 'sub-account.deleted',
      subs: { sa_2: { remaining: '50' } },
    },
  ]);
});
