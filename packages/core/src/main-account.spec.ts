import { describe } from '@jest/globals';
import { instantMs } from './testing/scenario.js';
import { clock, later, opened, run, sent, table } from './testing/table.js';

const POSTPAY = { plan: 'postpay', creditLimit: '100' } as const;
/** A message of nobody's limit takes main to −30. */
const IN_DEBT = [opened('0'), sent('30')];

describe('main-account.open', () => {
  table([
    {
      name: 'opens empty books on the current period, the feature inactive',
      main: null,
      when: run('main-account.open', {
        plan: 'prepay',
        timeZone: 'Asia/Tokyo',
        creditLimit: '0',
        fundingPolicy: 'full',
      }),
      outcome: 'main-account.opened',
      events: ['main-account.opened'],
      moves: [],
      books: {
        balance: '0',
        available: '0',
        period: '2026-11',
        featureActive: false,
        suspended: false,
        sequence: 1,
      },
    },
    {
      name: 'takes the period from its own zone, not from UTC',
      main: { timeZone: 'Asia/Tokyo' },
      given: [],
      when: run('main-account.suspend'),
      outcome: 'main-account.suspended',
      books: { nextMonthStart: instantMs('2026-11-30T15:00:00Z') },
    },
    {
      name: 'refuses a second opening',
      when: run('main-account.open', {
        plan: 'prepay',
        timeZone: 'UTC',
        creditLimit: '0',
        fundingPolicy: 'full',
      }),
      outcome: 'already-exists',
      books: { timeZone: 'Asia/Tokyo', balance: '1000' },
    },
  ]);
});

describe('without books every other command is refused', () => {
  table(
    (
      [
        ['main-account.configure', {}],
        ['main-account.suspend', {}],
        ['main-account.resume', {}],
        ['feature.activate', {}],
        ['feature.deactivate', {}],
        ['points.purchase', { points: '1' }],
        ['points.purchase', { points: '0' }],
        ['points.adjust', { points: '-1' }],
        ['plan.switch', { plan: 'postpay' }],
        ['sub-account.open', { limit: '1' }],
        ['sub-account.configure', { priority: 1 }],
        ['limit.change', { limit: '1' }],
        ['limit.boost', { points: '1' }],
        ['sub-account.pause', {}],
        ['sub-account.resume', {}],
        ['sub-account.deactivate', {}],
        ['sub-account.reactivate', {}],
        ['sub-account.delete', {}],
        ['hold.place', { points: '1' }],
        ['hold.release', {}],
        ['period.roll', { period: '2026-12' }],
        ['snapshot.request', { history: true }],
      ] as const
    ).map(([name, data]) => ({
      name: `${name} ${JSON.stringify(data)}`,
      main: null,
      when: run(name, data),
      outcome: 'main-account-not-found',
      events: ['command.rejected'],
    })),
  );
});

describe('snapshot.request', () => {
  table([
    {
      name: 'counts an event and moves nothing',
      given: [opened('100'), sent('30')],
      when: run('snapshot.request', { history: false }),
      outcome: 'snapshot.requested',
      events: ['snapshot.requested'],
      detail: ['snapshot.requested', { history: false }],
      moves: [],
      books: { balance: '900', sequence: 6 },
      sub: { remaining: '70', used: '30' },
    },
  ]);
});

describe('main-account.configure', () => {
  table([
    {
      name: 'changes only what it names',
      main: { ...POSTPAY },
      when: run('main-account.configure', { fundingPolicy: 'partial' }),
      outcome: 'main-account.configured',
      books: { fundingPolicy: 'partial', creditLimit: '100', timeZone: 'Asia/Tokyo', nextTimeZone: null },
    },
    {
      name: 'a higher credit limit funds who is short',
      main: { ...POSTPAY, balance: '100' },
      given: [opened('200'), sent('200'), later('2026-12-05T00:00:00Z')],
      when: run('main-account.configure', { creditLimit: '300' }),
      outcome: 'main-account.configured',
      moves: ['main → sub:sa_1 200'],
      sub: { remaining: '200', shortfall: '0' },
    },
    {
      name: 'unlimited credit funds everybody',
      main: { ...POSTPAY, balance: '100' },
      given: [opened('200'), sent('200'), later('2026-12-05T00:00:00Z')],
      when: run('main-account.configure', { creditLimit: null }),
      outcome: 'main-account.configured',
      books: { available: null, balance: '-300' },
      sub: { remaining: '200' },
    },
    {
      name: 'a credit limit lowered below the debt is refused',
      main: { ...POSTPAY },
      given: [opened('100')],
      when: run('main-account.configure', { creditLimit: '99.999' }),
      outcome: 'balance-due',
      books: { creditLimit: '100', available: '0' },
    },
    {
      name: 'down to the debt itself is allowed',
      main: { ...POSTPAY },
      given: [opened('40')],
      when: run('main-account.configure', { creditLimit: '40' }),
      outcome: 'main-account.configured',
      books: { available: '0', balance: '-40' },
    },
    {
      name: 'unlimited to limited below the debt is refused, and the policy beside it stays too',
      main: { plan: 'postpay', creditLimit: null },
      given: [opened('100')],
      when: run('main-account.configure', { creditLimit: '99', fundingPolicy: 'partial' }),
      outcome: 'balance-due',
      books: { creditLimit: null, fundingPolicy: 'full' },
    },
    {
      name: 'a prepay account in debt may change its policy and its (unused) credit limit',
      main: {},
      given: IN_DEBT,
      when: run('main-account.configure', { fundingPolicy: 'partial', creditLimit: '0' }),
      outcome: 'main-account.configured',
      books: { balance: '-30', fundingPolicy: 'partial' },
    },
    {
      name: 'a change to partial gives what is left to the first short one',
      main: { balance: '100' },
      given: [
        opened('60'),
        opened('40', 'sa_2'),
        sent('60'),
        sent('30', 'm2', { sub: 'sa_2' }),
        later('2026-12-05T00:00:00Z'),
        run('sub-account.delete', { subAccountId: 'sa_2' }),
        run('points.purchase', { points: '20' }),
      ],
      when: run('main-account.configure', { fundingPolicy: 'partial' }),
      outcome: 'main-account.configured',
      books: { available: '0' },
      sub: { remaining: '30', shortfall: '30' },
    },
    {
      name: 'a new time zone waits for the next month start',
      when: run('main-account.configure', { timeZone: 'UTC' }),
      outcome: 'main-account.configured',
      books: {
        timeZone: 'Asia/Tokyo',
        nextTimeZone: 'UTC',
        nextMonthStart: instantMs('2026-11-30T15:00:00Z'),
      },
    },
    {
      name: 'the zone of now needs no waiting one',
      when: run('main-account.configure', { timeZone: 'Asia/Tokyo' }),
      outcome: 'main-account.configured',
      books: { timeZone: 'Asia/Tokyo', nextTimeZone: null },
    },
    {
      name: 'the old zone ends the month, the new one ends the next',
      given: [run('main-account.configure', { timeZone: 'UTC' }), clock('2026-11-30T15:00:00Z')],
      when: run('main-account.suspend'),
      outcome: 'main-account.suspended',
      events: ['period.rolled', 'main-account.suspended'],
      books: {
        timeZone: 'UTC',
        nextTimeZone: null,
        period: '2026-12',
        nextMonthStart: instantMs('2027-01-01T00:00:00Z'),
      },
    },
    {
      name: 'the zone of now takes a waiting one back',
      given: [
        run('main-account.configure', { timeZone: 'UTC' }),
        run('main-account.configure', { timeZone: 'Asia/Tokyo' }),
        later('2026-12-05T00:00:00Z'),
      ],
      when: run('main-account.suspend'),
      outcome: 'main-account.suspended',
      books: { timeZone: 'Asia/Tokyo', nextMonthStart: instantMs('2026-12-31T15:00:00Z') },
    },
  ]);
});
