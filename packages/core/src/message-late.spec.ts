import { describe } from '@jest/globals';
import { later, opened, policy, run, sent, table } from './testing/table.js';

const off = run('sub-account.deactivate');
const remove = run('sub-account.delete');
const IN_DECEMBER = later('2026-12-05T00:00:00Z');
const NOVEMBER = { sentAt: '2026-11-30T14:59:59Z' };

describe('message.sent of a closed period, or without a sub-account to pay it', () => {
  table([
    {
      name: 'sent a second before the month start: main pays, counted to its month',
      given: [opened('100'), IN_DECEMBER],
      when: sent('30', 'm1', NOVEMBER),
      outcome: 'message.charged',
      moves: ['main → used 30'],
      charge: { period: '2026-11' },
      sub: { used: '0', overage: '0', remaining: '100' },
      detail: ['message.charged', { fromMain: '30', late: true, period: '2026-11' }],
    },
    {
      name: 'sent at the month start: this month',
      given: [opened('100'), IN_DECEMBER],
      when: sent('30', 'm1', { sentAt: '2026-11-30T15:00:00Z' }),
      outcome: 'message.charged',
      moves: ['sub:sa_1 → used 30'],
      charge: { period: '2026-12' },
      detail: ['message.charged', { late: false }],
    },
    {
      name: 'sent long ago: counted to that month',
      given: [opened('100'), IN_DECEMBER],
      when: sent('30', 'm1', { sentAt: '2026-08-31T15:00:00Z' }),
      outcome: 'message.charged',
      charge: { period: '2026-09' },
    },
    {
      name: 'below zero',
      main: { balance: '100' },
      given: [opened('100'), IN_DECEMBER],
      when: sent('30', 'm1', NOVEMBER),
      outcome: 'message.charged',
      books: { balance: '-30' },
      sub: { remaining: '100' },
    },
    {
      name: 'inactive: main pays, counted to this month',
      given: [opened('100'), off],
      when: sent('30'),
      outcome: 'message.charged',
      moves: ['main → used 30'],
      charge: { period: '2026-11' },
      sub: { used: '30', overage: '30', remaining: '0', granted: '0' },
    },
    {
      name: 'inactive and of a closed period',
      given: [opened('100'), off, IN_DECEMBER],
      when: sent('30', 'm1', NOVEMBER),
      outcome: 'message.charged',
      charge: { period: '2026-11' },
      sub: { used: '0' },
    },
    {
      name: 'deleted: known all the same',
      given: [opened('100'), remove],
      when: sent('30'),
      outcome: 'message.charged',
      moves: ['main → used 30'],
      charge: { period: '2026-11' },
    },
    {
      name: 'deleted in an earlier month: counted to this one, not to the old one',
      given: [opened('100'), sent('20', 'm0'), remove, IN_DECEMBER],
      when: sent('30'),
      outcome: 'message.charged',
      moves: ['main → used 30'],
      charge: { period: '2026-12' },
      sub: { period: '2026-12', used: '30', overage: '30' },
    },
    {
      name: 'sentAt lies ahead, in the next month: this month',
      given: [opened('100'), later('2026-11-30T14:00:00Z')],
      when: sent('30', 'm1', { sentAt: '2026-11-30T20:00:00Z' }),
      outcome: 'message.charged',
      moves: ['sub:sa_1 → used 30'],
      charge: { period: '2026-11' },
    },
    {
      name: 'a month start is an instant: east of the old zone, the hours between belong to the old month',
      main: { balance: '1000', timeZone: 'UTC' },
      given: [opened('100'), run('main-account.configure', { timeZone: 'Asia/Tokyo' }), IN_DECEMBER],
      when: sent('30', 'm1', { sentAt: '2026-11-30T20:00:00Z' }),
      outcome: 'message.charged',
      moves: ['main → used 30'],
      charge: { period: '2026-11' },
    },
    {
      name: 'and west of it, the hours after it to the new one',
      given: [opened('100'), run('main-account.configure', { timeZone: 'America/New_York' }), IN_DECEMBER],
      when: sent('30', 'm1', { sentAt: '2026-11-30T16:00:00Z' }),
      outcome: 'message.charged',
      moves: ['sub:sa_1 → used 30'],
      charge: { period: '2026-12' },
    },
  ]);
});

describe('messages after an early roll belong to the period that it opened', () => {
  const early = [
    policy({ allowEarlyRoll: true }),
    opened('100'),
    later('2026-11-20T00:00:00Z'),
    run('period.roll', { period: '2026-12' }),
  ];
  table([
    {
      name: 'sent after it',
      given: [...early, later('2026-11-25T00:00:00Z')],
      when: sent('30'),
      outcome: 'message.charged',
      moves: ['sub:sa_1 → used 30'],
      charge: { period: '2026-12' },
      sub: { used: '30' },
    },
    {
      name: 'sent at it',
      given: [...early, later('2026-11-25T00:00:00Z')],
      when: sent('30', 'm1', { sentAt: '2026-11-20T00:00:00Z' }),
      outcome: 'message.charged',
      charge: { period: '2026-12' },
      sub: { used: '30' },
    },
    {
      name: 'sent a second before it',
      given: [...early, later('2026-11-25T00:00:00Z')],
      when: sent('30', 'm1', { sentAt: '2026-11-19T23:59:59Z' }),
      outcome: 'message.charged',
      moves: ['main → used 30'],
      charge: { period: '2026-11' },
      sub: { used: '0' },
    },
    {
      name: 'in the month itself',
      given: [...early, IN_DECEMBER],
      when: sent('30'),
      outcome: 'message.charged',
      charge: { period: '2026-12' },
      sub: { used: '30', remaining: '70' },
    },
    {
      name: 'in the month after it',
      given: [...early, later('2027-01-05T00:00:00Z')],
      when: sent('30', 'm1', { sentAt: '2026-12-31T14:59:59Z' }),
      outcome: 'message.charged',
      charge: { period: '2026-12' },
      sub: { used: '0' },
    },
    // Only the open month's opening is kept (docs/decisions/0003): in a later month the calendar decides.
    {
      name: 'sent after it, but reported in the month after: by the calendar',
      given: [...early, later('2027-01-05T00:00:00Z')],
      when: sent('30', 'm1', { sentAt: '2026-11-25T00:00:00Z' }),
      outcome: 'message.charged',
      charge: { period: '2026-11' },
    },
  ]);
});
