import { describe } from '@jest/globals';
import { instantMs } from './testing/scenario.js';
import { later, opened, run, sent, table } from './testing/table.js';

const NEXT_MONTH = later('2026-12-05T00:00:00Z');
const off = run('sub-account.deactivate');
const remove = run('sub-account.delete');
const hold = (points: string, messageId = 'm1', over = {}) =>
  run('hold.place', { points, messageId, ...over });
const release = run('hold.release');
const expire = run('hold.release', { reason: 'expired' });
const suspend = run('main-account.suspend');
const pause = run('sub-account.pause');
/** `sa_1` is unfunded: its limit is 100, main has nothing. */
const UNFUNDED = { main: { balance: '100' }, given: [opened('100'), sent('100', 'm0'), NEXT_MONTH] };

describe('hold.place', () => {
  table([
    {
      name: 'sub → hold',
      given: [opened('100')],
      when: hold('30'),
      outcome: 'hold.placed',
      events: ['hold.placed'],
      moves: ['sub:sa_1 → hold:m1 30'],
      sub: { held: '30', remaining: '70', used: '0', granted: '100' },
      books: { held: '30', balance: '900', allocated: '100' },
      hold: { state: 'open', points: '30', period: '2026-11', subAccountId: 'sa_1' },
    },
    {
      name: 'expires when it says',
      given: [opened('100')],
      when: hold('30', 'm1', { expiresInSeconds: 60 }),
      outcome: 'hold.placed',
      hold: { expiresAt: 1_794_268_860_000 },
    },
    {
      name: 'all that remains',
      given: [opened('100')],
      when: hold('100'),
      outcome: 'hold.placed',
      sub: { remaining: '0', shortfall: '0', status: 'active' },
    },
    {
      name: 'more than remains',
      given: [opened('100'), hold('30', 'm0')],
      when: hold('70.001'),
      outcome: 'limit-exceeded',
      refusal: { remaining: '70' },
      sub: { held: '30', remaining: '70' },
    },
    {
      name: 'when nothing remains because all was used, it is the limit',
      given: [opened('100'), sent('100', 'm0')],
      when: hold('1'),
      outcome: 'limit-exceeded',
      refusal: { remaining: '0' },
    },
    {
      name: 'of the smallest amount',
      given: [opened('100')],
      when: hold('0.001'),
      outcome: 'hold.placed',
      hold: { points: '0.001' },
    },
    ...['0', '-0.001', '-30'].map((points) => ({
      name: `of ${points}`,
      given: [opened('100')],
      when: hold(points),
      outcome: 'invalid-amount',
      hold: null,
    })),
    {
      name: 'of more than a message may cost',
      given: [opened('100')],
      when: hold('10000.001'),
      outcome: 'invalid-amount',
      hold: null,
    },
    {
      name: 'of exactly what a message may cost',
      given: [opened('100')],
      when: hold('10000'),
      outcome: 'limit-exceeded',
      hold: null,
    },
    {
      name: 'at most for 24 hours',
      given: [opened('100')],
      when: hold('30', 'm1', { expiresInSeconds: 1_000_000 }),
      outcome: 'hold.placed',
      hold: { expiresAt: instantMs('2026-11-11T00:00:00Z') },
      detail: ['hold.placed', { points: '30', expiresAt: instantMs('2026-11-11T00:00:00Z') }],
    },
    { name: 'of an unknown sub-account', when: hold('1'), outcome: 'sub-account-not-found' },
    {
      name: 'of a deleted one',
      given: [opened('1'), remove],
      when: hold('1'),
      outcome: 'sub-account-not-found',
    },
    {
      name: 'of an inactive one',
      given: [opened('1'), off],
      when: hold('1'),
      outcome: 'sub-account-inactive',
    },
    {
      name: 'of a suspended customer',
      given: [opened('1'), suspend],
      when: hold('1'),
      outcome: 'sub-account-suspended',
    },
    { name: 'of a paused one', given: [opened('1'), pause], when: hold('1'), outcome: 'sub-account-paused' },
    { ...UNFUNDED, name: 'of an unfunded one', when: hold('1'), outcome: 'sub-account-unfunded' },
    {
      name: 'for a message that was charged',
      given: [opened('100'), sent('1')],
      when: hold('1'),
      outcome: 'already-charged',
    },
    {
      name: 'for a message whose hold it settled',
      given: [opened('100'), hold('1'), sent('1')],
      when: hold('1'),
      outcome: 'already-charged',
    },
    {
      name: 'for a message of 0 points that was charged',
      given: [opened('100'), sent('0')],
      when: hold('1'),
      outcome: 'already-charged',
    },
    {
      name: 'once released',
      given: [opened('100'), hold('1'), release],
      when: hold('1'),
      outcome: 'hold-released',
    },
    {
      name: 'once expired',
      given: [opened('100'), hold('1'), expire],
      when: hold('1'),
      outcome: 'hold-released',
    },
    {
      name: 'barred before it was placed',
      given: [opened('100'), release],
      when: hold('1'),
      outcome: 'hold-released',
      sub: { held: '0', remaining: '100' },
    },
    {
      name: 'barred by name',
      given: [opened('100'), run('hold.release', { subAccountId: 'sa_1' })],
      when: hold('1'),
      outcome: 'hold-released',
    },
    {
      name: 'barred, then charged all the same: charged comes first',
      given: [opened('100'), release, sent('1')],
      when: hold('1'),
      outcome: 'already-charged',
    },
    {
      name: 'open already',
      given: [opened('100'), hold('1')],
      when: hold('1'),
      outcome: 'already-held',
      sub: { held: '1' },
    },
    {
      name: 'open already for another sub-account',
      given: [opened('100'), opened('100', 'sa_2'), hold('1')],
      when: hold('1', 'm1', { subAccountId: 'sa_2' }),
      outcome: 'already-held',
    },
    {
      name: 'open already since the last period',
      given: [opened('100'), hold('1'), NEXT_MONTH],
      when: hold('1'),
      outcome: 'already-held',
    },
    {
      name: 'precedence: already-held before sub-account-inactive',
      given: [opened('100'), hold('1'), off],
      when: hold('1'),
      outcome: 'already-held',
    },
    {
      name: 'precedence: already-charged before sub-account-inactive',
      given: [opened('100'), sent('1'), off],
      when: hold('1'),
      outcome: 'already-charged',
    },
    {
      name: 'precedence: hold-released before sub-account-suspended',
      given: [opened('100'), release, suspend],
      when: hold('1'),
      outcome: 'hold-released',
    },
    {
      name: 'precedence: inactive, suspended, paused',
      given: [opened('100'), pause, suspend, off],
      when: hold('500'),
      outcome: 'sub-account-inactive',
    },
    {
      name: 'precedence: suspended, paused',
      given: [opened('100'), pause, suspend],
      when: hold('500'),
      outcome: 'sub-account-suspended',
    },
    {
      ...UNFUNDED,
      name: 'precedence: paused, unfunded',
      given: [...UNFUNDED.given, pause],
      when: hold('500'),
      outcome: 'sub-account-paused',
    },
    {
      ...UNFUNDED,
      name: 'precedence: unfunded, limit-exceeded',
      when: hold('500'),
      outcome: 'sub-account-unfunded',
    },
    {
      name: 'precedence: paused, limit-exceeded',
      given: [opened('100'), pause],
      when: hold('500'),
      outcome: 'sub-account-paused',
    },
  ]);
});
