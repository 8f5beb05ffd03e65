import { describe } from '@jest/globals';
import { instantMs } from './testing/scenario.js';
import { later, opened, policy, refunded, run, type Step, sent, table } from './testing/table.js';

const NEXT_MONTH = later('2026-12-05T00:00:00Z');
const off = run('sub-account.deactivate');
const remove = run('sub-account.delete');
const hold = (points: string, messageId = 'm1', over = {}) =>
  run('hold.place', { points, messageId, ...over });
const release = run('hold.release');
const expire = run('hold.release', { reason: 'expired' });
const overAt =
  (messageId = 'm1'): Step =>
  (books) =>
    books.expire(messageId);
const suspend = run('main-account.suspend');
const pause = run('sub-account.pause');

describe('hold.release', () => {
  table([
    {
      name: 'gives it back',
      given: [opened('100'), hold('30')],
      when: release,
      outcome: 'hold.released',
      events: ['hold.released'],
      moves: ['hold:m1 → sub:sa_1 30'],
      sub: { held: '0', remaining: '100' },
      hold: { state: 'released', points: '0' },
      detail: ['hold.released', { points: '30', reason: 'released' }],
    },
    {
      name: 'expiry gives it back',
      given: [opened('100'), hold('30')],
      when: expire,
      outcome: 'hold.released',
      moves: ['hold:m1 → sub:sa_1 30'],
      detail: ['hold.released', { reason: 'expired' }],
    },
    {
      name: 'repays overage first',
      given: [opened('100'), hold('80'), sent('50', 'm2')],
      when: release,
      outcome: 'hold.released',
      moves: ['hold:m1 → main 30', 'hold:m1 → sub:sa_1 50'],
      sub: { used: '50', overage: '0', remaining: '50', held: '0' },
      books: { balance: '900' },
    },
    {
      name: 'all of it to overage',
      given: [opened('100'), hold('80'), sent('150', 'm2')],
      when: release,
      outcome: 'hold.released',
      moves: ['hold:m1 → main 80'],
      sub: { used: '150', overage: '50', remaining: '0' },
    },
    {
      name: 'no more than T: the rest goes to main',
      given: [opened('100'), hold('80'), run('limit.change', { limit: '50' })],
      when: release,
      outcome: 'hold.released',
      moves: ['hold:m1 → sub:sa_1 50', 'hold:m1 → main 30'],
      sub: { remaining: '50' },
    },
    {
      name: 'of a closed period: to main',
      given: [opened('100'), hold('30'), NEXT_MONTH],
      when: release,
      outcome: 'hold.released',
      moves: ['hold:m1 → main 30'],
      sub: { held: '0', remaining: '100' },
    },
    {
      name: 'of an inactive one: to main',
      given: [opened('100'), hold('30'), off],
      when: release,
      outcome: 'hold.released',
      moves: ['hold:m1 → main 30'],
      sub: { held: '0', remaining: '0' },
    },
    {
      name: 'of a deleted one: to main',
      given: [opened('100'), hold('30'), remove],
      when: release,
      outcome: 'hold.released',
      moves: ['hold:m1 → main 30'],
    },
    {
      name: 'of one that was off and is on again',
      given: [opened('100'), hold('30'), off, run('sub-account.reactivate')],
      when: release,
      outcome: 'hold.released',
      moves: ['hold:m1 → sub:sa_1 30'],
      sub: { remaining: '100' },
    },
    {
      name: 'while paused and suspended',
      given: [opened('100'), hold('30'), pause, suspend],
      when: release,
      outcome: 'hold.released',
      sub: { remaining: '100' },
    },
    {
      name: 'without the feature',
      given: [opened('100'), hold('30'), off, run('feature.deactivate')],
      when: release,
      outcome: 'hold.released',
      books: { held: '0', balance: '1000' },
    },
    {
      name: 'twice moves nothing more',
      given: [opened('100'), hold('30'), release],
      when: release,
      outcome: 'hold.released',
      moves: [],
      hold: { state: 'released' },
    },
    {
      name: 'after its message moves nothing',
      given: [opened('100'), hold('30'), sent('30')],
      when: release,
      outcome: 'hold.released',
      moves: [],
      hold: { state: 'settled' },
      sub: { used: '30' },
    },
    {
      name: 'bars a hold not yet placed',
      given: [opened('100')],
      when: release,
      outcome: 'hold.released',
      moves: [],
      hold: { state: 'barred', points: '0' },
      detail: ['hold.released', { points: '0' }],
    },
    {
      name: 'bars twice',
      given: [opened('100'), release],
      when: release,
      outcome: 'hold.released',
      hold: { state: 'barred' },
    },
    {
      name: 'bars nothing that a sub-account owns, unless it is named',
      given: [opened('100')],
      when: release,
      outcome: 'hold.released',
      hold: { state: 'barred', subAccountId: null, expiresAt: instantMs('2026-11-10T00:00:00Z') },
    },
    {
      name: 'bars by name',
      given: [opened('100')],
      when: run('hold.release', { subAccountId: 'sa_1' }),
      outcome: 'hold.released',
      hold: { state: 'barred', subAccountId: 'sa_1' },
    },
    {
      name: 'bars by name, twice: tells of no period, as the first time',
      given: [opened('100'), run('hold.release', { subAccountId: 'sa_1' })],
      when: run('hold.release', { subAccountId: 'sa_1' }),
      outcome: 'hold.released',
      detail: ['hold.released', { period: null }],
    },
    {
      name: 'of a message that was charged without one: needs no bar',
      given: [opened('100'), sent('30')],
      when: release,
      outcome: 'hold.released',
      moves: [],
      hold: null,
    },
    {
      name: 'bars on books without any sub-account',
      when: release,
      outcome: 'hold.released',
      hold: { state: 'barred' },
    },
  ]);
});

describe('a hold over the month boundary', () => {
  table([
    {
      name: 'stays in its period',
      given: [opened('100'), hold('30')],
      when: later('2026-12-05T00:00:00Z'),
      outcome: 'later',
      hold: { state: 'open', points: '30', period: '2026-11' },
      sub: { held: '0', remaining: '100', granted: '100' },
      books: { held: '30', balance: '870' },
    },
    {
      name: 'released, it leaves what is held in the new period',
      given: [opened('100'), hold('30'), NEXT_MONTH, hold('20', 'm2')],
      when: release,
      outcome: 'hold.released',
      moves: ['hold:m1 → main 30'],
      sub: { held: '20', remaining: '80' },
    },
    {
      name: 'settled, too',
      given: [opened('100'), hold('30'), NEXT_MONTH, hold('20', 'm2')],
      when: sent('30'),
      outcome: 'message.charged',
      moves: ['hold:m1 → used 30'],
      sub: { held: '20', remaining: '80', used: '0' },
    },
    {
      name: 'two boundaries',
      given: [opened('100'), hold('30'), later('2027-01-05T00:00:00Z')],
      when: sent('30'),
      outcome: 'message.charged',
      charge: { period: '2026-11', points: '30' },
      sub: { used: '0', remaining: '100' },
    },
    {
      name: 'its message settles to its period',
      given: [opened('100'), hold('30'), NEXT_MONTH],
      when: sent('30'),
      outcome: 'message.charged',
      moves: ['hold:m1 → used 30'],
      charge: { period: '2026-11' },
      sub: { used: '0', remaining: '100' },
    },
    {
      name: 'what it did not need goes to main',
      given: [opened('100'), hold('30'), NEXT_MONTH],
      when: sent('10'),
      outcome: 'message.charged',
      moves: ['hold:m1 → used 10', 'hold:m1 → main 20'],
      sub: { used: '0', remaining: '100' },
    },
    {
      name: 'what it does not cover belongs to the closed period too: main pays',
      given: [opened('100'), hold('30'), NEXT_MONTH],
      when: sent('50'),
      outcome: 'message.charged',
      moves: ['hold:m1 → used 30', 'main → used 20'],
      charge: { period: '2026-11', points: '50' },
      sub: { used: '0', overage: '0', remaining: '100' },
    },
    {
      name: 'its refund goes to main',
      given: [opened('100'), hold('30'), NEXT_MONTH, sent('30')],
      when: refunded('30'),
      outcome: 'message.credited',
      moves: ['used → main 30'],
      sub: { remaining: '100' },
    },
    {
      name: 'a hold of this period settled by a message that says it was sent in the last one: the hold decides',
      given: [later('2026-12-05T00:00:00Z'), opened('100'), hold('30')],
      when: sent('30', 'm1', { sentAt: '2026-11-20T00:00:00Z' }),
      outcome: 'message.charged',
      moves: ['hold:m1 → used 30'],
      charge: { period: '2026-12' },
      sub: { used: '30', held: '0' },
    },
    {
      name: 'an early roll is a boundary too',
      given: [
        policy({ allowEarlyRoll: true }),
        opened('100'),
        hold('30'),
        run('period.roll', { period: '2026-12' }),
      ],
      when: release,
      outcome: 'hold.released',
      moves: ['hold:m1 → main 30'],
    },
  ]);
});

describe('the end of a hold', () => {
  const AT_ITS_END = later('2026-11-10T00:15:00Z');
  const BEFORE_ITS_END = later('2026-11-10T00:14:59Z');
  /** No record has come since, so the month was not rolled. */
  const CLOCK_AT_NEXT_MONTH: Step = (books) => {
    books.now = instantMs('2026-12-05T00:00:00Z');
    return 'clock';
  };
  const nothing = { when: overAt(), outcome: 'nothing', events: [], moves: [] };
  table([
    {
      name: 'gives it back',
      given: [opened('100'), hold('30'), AT_ITS_END],
      when: overAt(),
      outcome: 'hold.released',
      events: ['hold.released'],
      moves: ['hold:m1 → sub:sa_1 30'],
      sub: { held: '0', remaining: '100' },
      hold: { state: 'released', points: '0' },
      detail: ['hold.released', { points: '30', reason: 'expired', period: '2026-11', late: false }],
    },
    {
      name: 'repays overage first',
      given: [opened('900'), hold('80'), sent('880', 'm2'), AT_ITS_END],
      when: overAt(),
      outcome: 'hold.released',
      moves: ['hold:m1 → main 60', 'hold:m1 → sub:sa_1 20'],
      sub: { used: '880', overage: '0', remaining: '20', held: '0' },
    },
    {
      name: 'a message that comes later is charged to the sub-account',
      given: [opened('100'), hold('30'), AT_ITS_END, overAt()],
      when: sent('30'),
      outcome: 'message.charged',
      moves: ['sub:sa_1 → used 30'],
      sub: { used: '30', remaining: '70', held: '0' },
      hold: { state: 'released' },
    },
    {
      name: 'a release that comes later releases nothing',
      given: [opened('100'), hold('30'), AT_ITS_END, overAt()],
      when: release,
      outcome: 'hold.released',
      moves: [],
    },
    {
      name: 'its message cannot be held again',
      given: [opened('100'), hold('30'), AT_ITS_END, overAt()],
      when: hold('30'),
      outcome: 'hold-released',
    },
    {
      name: 'of an older month: to main, and late',
      given: [opened('100'), hold('30'), NEXT_MONTH],
      when: overAt(),
      outcome: 'hold.released',
      moves: ['hold:m1 → main 30'],
      late: [{ of: 'sa_1', period: '2026-11', used: '0', refunded: '0', returned: '30' }],
      detail: ['hold.released', { reason: 'expired', period: '2026-11', late: true }],
    },
    { ...nothing, name: 'not before', given: [opened('100'), hold('30'), BEFORE_ITS_END] },
    {
      ...nothing,
      name: 'not while a month start is due: that comes first',
      given: [opened('100'), hold('30'), CLOCK_AT_NEXT_MONTH],
    },
    { ...nothing, name: 'of a used hold', given: [opened('100'), hold('30'), sent('30'), AT_ITS_END] },
    { ...nothing, name: 'of a bar', given: [opened('100'), release, AT_ITS_END] },
    { ...nothing, name: 'of a message without a hold', given: [opened('100'), AT_ITS_END] },
  ]);
});
