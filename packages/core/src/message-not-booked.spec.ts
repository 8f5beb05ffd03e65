import { describe } from '@jest/globals';
import { wholePoints } from './points.js';
import { later, opened, policy, run, sent, table } from './testing/table.js';

const hold = (points: string) => run('hold.place', { points });
const IN_DECEMBER = later('2026-12-05T00:00:00Z');
const NOVEMBER = { sentAt: '2026-11-30T14:59:59Z' };

describe('message.sent that is not booked', () => {
  const nothing = { moves: [], events: [], books: { balance: '900' } };
  table([
    {
      name: 'again',
      given: [opened('100'), sent('30')],
      when: sent('30'),
      outcome: 'duplicate',
      ...nothing,
      sub: { used: '30' },
    },
    {
      name: 'again, 0 points',
      given: [opened('100'), sent('0')],
      when: sent('0'),
      outcome: 'duplicate',
      ...nothing,
    },
    {
      name: 'again, after its refund',
      given: [opened('100'), sent('30'), (books) => books.refunded('r1', 'm1', '30')],
      when: sent('30'),
      outcome: 'duplicate',
      ...nothing,
      sub: { used: '0' },
    },
    {
      name: 'again, after its hold',
      given: [opened('100'), hold('30'), sent('30')],
      when: sent('30'),
      outcome: 'duplicate',
      ...nothing,
    },
    {
      name: 'again, in the next month',
      given: [opened('100'), sent('30'), IN_DECEMBER],
      when: sent('30', 'm1', NOVEMBER),
      outcome: 'duplicate',
      moves: [],
    },
    {
      name: 'again with other points',
      given: [opened('100'), sent('30')],
      when: sent('31'),
      outcome: 'conflicting-duplicate',
      ...nothing,
      sub: { used: '30' },
      deadLetter: 'message m1 was charged before with other points or another sub-account',
    },
    {
      name: 'again with another sub-account',
      given: [opened('50'), opened('50', 'sa_2'), sent('30')],
      when: sent('30', 'm1', { sub: 'sa_2' }),
      outcome: 'conflicting-duplicate',
      ...nothing,
    },
    {
      name: 'unknown main account',
      main: null,
      when: sent('30'),
      outcome: 'unknown-main-account',
      events: [],
      deadLetter: 'ma_1',
    },
    {
      name: 'unknown sub-account',
      given: [opened('100')],
      when: sent('30', 'm1', { sub: 'sa_9' }),
      outcome: 'unknown-sub-account',
      ...nothing,
      deadLetter: 'sa_9',
    },
    {
      name: 'more than 24 h ahead',
      given: [opened('100')],
      when: sent('30', 'm1', { sentAt: '2026-11-11T00:00:01Z' }),
      outcome: 'sent-in-future',
      ...nothing,
      deadLetter: "sentAt is over 24 h ahead of the broker's clock",
    },
    {
      name: 'seconds taken for milliseconds',
      given: [opened('100')],
      when: sent('30', 'm1', { sentAt: '1970-01-21T16:00:00Z' }),
      outcome: 'sent-too-long-ago',
      ...nothing,
      deadLetter: "sentAt is over 365 days behind the broker's clock",
    },
    ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '2025-11-09T23:59:59Z'].map((sentAt) => ({
      name: `sent at ${sentAt}`,
      given: [opened('100')],
      when: sent('30', 'm1', { sentAt }),
      outcome: 'sent-too-long-ago',
      ...nothing,
    })),
    {
      name: 'sent too long ago, and known',
      given: [opened('100'), sent('30')],
      when: sent('30', 'm1', { sentAt: '1970-01-01T00:00:00Z' }),
      outcome: 'duplicate',
      ...nothing,
    },
    {
      name: 'more points than a message may cost',
      given: [opened('100')],
      when: sent('10000.001'),
      outcome: 'too-many-points',
      ...nothing,
      deadLetter: '10000.001 points, and one message may cost 10000',
    },
    {
      name: 'more points than a message may cost here',
      given: [opened('100'), policy({ maxMessagePoints: wholePoints(5) })],
      when: sent('5.001'),
      outcome: 'too-many-points',
      ...nothing,
    },
    {
      name: 'more than 24 h ahead, unknown sub-account first',
      when: sent('30', 'm1', { sentAt: '2026-11-11T00:00:01Z' }),
      outcome: 'unknown-sub-account',
    },
    {
      name: 'a hold of it stays',
      given: [opened('100'), hold('30')],
      when: sent('30', 'm1', { sentAt: '2026-11-11T00:00:01Z' }),
      outcome: 'sent-in-future',
      hold: { state: 'open' },
    },
  ]);
  table([
    {
      name: 'exactly 365 days ago is booked, to its month',
      given: [opened('100')],
      when: sent('30', 'm1', { sentAt: '2025-11-10T00:00:00Z' }),
      outcome: 'message.charged',
      charge: { period: '2025-11' },
    },
    {
      name: 'exactly what a message may cost is booked',
      given: [opened('100')],
      when: sent('10000'),
      outcome: 'message.charged',
    },
    {
      name: 'exactly 24 h ahead is booked',
      given: [opened('100')],
      when: sent('30', 'm1', { sentAt: '2026-11-11T00:00:00Z' }),
      outcome: 'message.charged',
    },
  ]);
});
