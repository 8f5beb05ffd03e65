import { describe } from '@jest/globals';
import { clock, opened, run, type Step, sent, table } from './testing/table.js';

const below = (suspendBelow: string | null) => run('main-account.configure', { suspendBelow });
const STOPPED = 'main-account.sending-stopped';
const RESUMED = 'main-account.sending-resumed';

describe('sending stops by itself while available is below the bound', () => {
  table([
    {
      name: 'at the bound it goes on',
      given: [opened('100')],
      when: below('900'),
      outcome: 'main-account.configured',
      events: ['main-account.configured'],
      sub: { status: 'active' },
    },
    {
      name: 'below it every sub-account is suspended, and keeps its points',
      given: [opened('100')],
      when: below('900.001'),
      outcome: 'main-account.configured',
      events: ['main-account.configured', STOPPED],
      detail: [STOPPED, { reason: 'low-balance' }],
      sub: { status: 'suspended', remaining: '100' },
    },
    {
      name: 'one report of far too many points stops it',
      given: [opened('100'), below('0')],
      when: sent('1100'),
      outcome: 'message.charged',
      events: ['message.charged', 'limit.exceeded', STOPPED],
      books: { balance: '-100' },
      sub: { status: 'suspended' },
    },
    {
      name: 'a purchase that reaches the bound ends it, after what it funds',
      given: [opened('100'), below('0'), sent('1100')],
      when: run('points.purchase', { points: '100' }),
      outcome: 'points.purchased',
      events: ['points.purchased', RESUMED],
      sub: { status: 'active', remaining: '0' },
    },
    {
      name: 'one that does not reach it changes nothing',
      given: [opened('100'), below('0'), sent('1100')],
      when: run('points.purchase', { points: '99' }),
      outcome: 'points.purchased',
      events: ['points.purchased'],
      sub: { status: 'suspended' },
    },
    {
      name: 'it is not the operator’s suspension: his resume does not end it',
      given: [opened('100'), below('5000')],
      when: run('main-account.resume'),
      outcome: 'main-account.resumed',
      events: ['main-account.resumed'],
      sub: { status: 'suspended' },
    },
    {
      name: 'without a bound it ends',
      given: [opened('100'), below('5000')],
      when: below(null),
      outcome: 'main-account.configured',
      events: ['main-account.configured', RESUMED],
      sub: { status: 'active' },
    },
    {
      name: 'unlimited credit is never low',
      main: { plan: 'postpay', creditLimit: null },
      given: [opened('100')],
      when: below('5000'),
      outcome: 'main-account.configured',
      events: ['main-account.configured'],
    },
    {
      name: 'a month start that takes what is available below the bound says so after its summary',
      given: [
        opened('100'),
        below('800'),
        run('limit.change', { limit: '300', effective: 'next-period' }),
        clock('2026-12-01T00:00:00Z'),
      ],
      when: run('main-account.suspend'),
      outcome: 'main-account.suspended',
      events: ['sub-account.rolled', 'period.rolled', STOPPED, 'main-account.suspended'],
    },
  ]);
});

describe('a month start that cannot be worked out', () => {
  /** Stored by a release that took more names for time zones; the schemas refuse it. */
  const noZone = run('main-account.configure', { timeZone: 'JST' });
  const due = clock('2026-12-01T00:00:00Z');
  const failed: Step[] = [opened('100'), noZone, due];
  const touched: Step[] = [...failed, sent('1', 'm0')];
  const charged = { name: '', outcome: 'message.charged' };

  table([
    {
      ...charged,
      name: 'stops sending, and still charges the message, to the month that is open',
      given: failed,
      when: sent('30'),
      events: [STOPPED, 'message.charged'],
      detail: [STOPPED, { reason: 'month-start-failed' }],
      books: { period: '2026-11', balance: '900' },
      sub: { status: 'suspended', period: '2026-11', used: '30', remaining: '70' },
      charge: { period: '2026-11' },
    },
    {
      ...charged,
      name: 'is said once, however many messages come',
      given: touched,
      when: sent('30'),
      events: ['message.charged'],
    },
    {
      name: 'a repair goes before it, and is followed by it',
      given: touched,
      when: run('main-account.configure', { timeZone: 'Asia/Tokyo' }),
      outcome: 'main-account.configured',
      events: ['main-account.configured', 'sub-account.rolled', 'period.rolled', RESUMED],
      books: { period: '2026-12', timeZone: 'Asia/Tokyo', nextTimeZone: null },
      sub: { status: 'active', remaining: '100' },
    },
    {
      name: 'a repair is decided first also where it is the first to find it',
      given: failed,
      when: run('main-account.configure', { timeZone: 'UTC' }),
      outcome: 'main-account.configured',
      events: [STOPPED, 'main-account.configured', 'sub-account.rolled', 'period.rolled', RESUMED],
      books: { period: '2026-12', timeZone: 'UTC' },
    },
    ...(
      [
        'main-account.suspend',
        'main-account.resume',
        'points.adjust',
        'points.purchase',
        'snapshot.request',
      ] as const
    ).map((name) => ({
      name: `${name} is decided all the same`,
      given: touched,
      when: run(name, { points: '5', history: false }),
      outcome: {
        'main-account.suspend': 'main-account.suspended',
        'main-account.resume': 'main-account.resumed',
        'points.adjust': 'points.adjusted',
        'points.purchase': 'points.purchased',
        'snapshot.request': 'snapshot.requested',
      }[name],
      books: { period: '2026-11' },
    })),
    ...(
      [
        ['limit.change', { limit: '50' }],
        ['limit.boost', { points: '5' }],
        ['sub-account.deactivate', {}],
        ['sub-account.open', { subAccountId: 'sa_2', limit: '5' }],
        ['plan.switch', { plan: 'postpay' }],
        ['feature.deactivate', {}],
        ['period.roll', { period: '2026-12' }],
      ] as const
    ).map(([name, data]) => ({
      name: `${name} needs the new month, and is refused`,
      given: touched,
      when: run(name, data),
      outcome: 'month-start-failed',
      events: ['command.rejected'],
      books: { period: '2026-11', balance: '900' },
    })),
    {
      name: 'no hold is placed meanwhile',
      given: touched,
      when: run('hold.place', { points: '5' }),
      outcome: 'sub-account-suspended',
    },
    {
      name: 'a hold from before is released',
      given: [opened('100'), run('hold.place', { points: '5' }), noZone, due],
      when: run('hold.release'),
      outcome: 'hold.released',
      events: [STOPPED, 'hold.released'],
    },
    {
      name: 'all months that passed meanwhile are rolled, one after the other',
      given: [...touched, clock('2027-02-10T00:00:00Z')],
      when: run('main-account.configure', { timeZone: 'Asia/Tokyo' }),
      outcome: 'main-account.configured',
      books: { period: '2027-02' },
      events: [
        'main-account.configured',
        ...['sub-account.rolled', 'period.rolled', RESUMED],
        ...['sub-account.rolled', 'period.rolled'],
        ...['sub-account.rolled', 'period.rolled'],
      ],
    },
    {
      name: 'an early roll that cannot be worked out is refused, and stops nothing',
      given: [opened('100'), noZone],
      when: run('period.roll', { period: '2026-12' }),
      outcome: 'month-start-failed',
      sub: { status: 'active' },
    },
  ]);
});
