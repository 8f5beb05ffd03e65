import { describe } from '@jest/globals';
import { later, opened, run, sent, table } from './testing/table.js';

const NEXT_MONTH = later('2026-12-05T00:00:00Z');

describe('limit.boost', () => {
  const boost = (points: string) => run('limit.boost', { points });
  table([
    {
      name: 'raises this period’s T',
      given: [opened('100')],
      when: boost('20'),
      outcome: 'limit.boosted',
      moves: ['main → sub:sa_1 20'],
      sub: { limit: '100', boost: '20', remaining: '120', granted: '120' },
      detail: ['limit.boosted', { points: '20' }],
    },
    {
      name: 'a second one adds up',
      given: [opened('100'), boost('20')],
      when: boost('5'),
      outcome: 'limit.boosted',
      sub: { boost: '25', remaining: '125' },
    },
    {
      name: 'after overage: only what lies above what was used',
      given: [opened('100'), sent('130')],
      when: boost('50'),
      outcome: 'limit.boosted',
      moves: ['main → sub:sa_1 20'],
      sub: { remaining: '20', overage: '30', granted: '120' },
    },
    {
      name: 'ends with the month',
      given: [opened('100'), boost('20'), NEXT_MONTH],
      when: run('main-account.suspend'),
      outcome: 'main-account.suspended',
      sub: { boost: '0', remaining: '100', granted: '100' },
      books: { balance: '900' },
    },
    {
      name: 'beyond what is available: refused',
      given: [opened('100')],
      when: boost('901'),
      outcome: 'insufficient-main-balance',
      refusal: { needed: '901', available: '900' },
      sub: { boost: '0', remaining: '100' },
    },
    {
      name: 'must fund the whole new T of one that is short',
      main: { balance: '100' },
      given: [opened('100'), sent('100'), NEXT_MONTH, run('points.purchase', { points: '50' })],
      when: boost('10'),
      outcome: 'insufficient-main-balance',
      refusal: { needed: '110', available: '50' },
      sub: { boost: '0' },
    },
    {
      name: 'on an inactive one',
      given: [opened('100'), run('sub-account.deactivate')],
      when: boost('1'),
      outcome: 'sub-account-inactive',
    },
    {
      name: 'on an inactive one beyond what is available: inactive comes first',
      given: [opened('100'), run('sub-account.deactivate')],
      when: boost('5000'),
      outcome: 'sub-account-inactive',
    },
    { name: 'of nothing', given: [opened('100')], when: boost('0'), outcome: 'invalid-amount' },
    {
      name: 'precedence: invalid-amount before sub-account-inactive',
      given: [opened('100'), run('sub-account.deactivate')],
      when: boost('0'),
      outcome: 'invalid-amount',
    },
    { name: 'of an unknown one', when: boost('1'), outcome: 'sub-account-not-found' },
    {
      name: 'of a deleted one',
      given: [opened('1'), run('sub-account.delete')],
      when: boost('1'),
      outcome: 'sub-account-not-found',
    },
    {
      name: 'outlives off and on in one period',
      given: [opened('100'), boost('20'), sent('30'), run('sub-account.deactivate')],
      when: run('sub-account.reactivate'),
      outcome: 'sub-account.reactivated',
      sub: { remaining: '90', boost: '20' },
    },
  ]);
});
