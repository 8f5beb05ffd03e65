import { describe } from '@jest/globals';
import { later, opened, policy, refunded, run, sent, table } from './testing/table.js';

/** What reached a closed statement of `sa_1`'s November; a row names what differs. */
const entry = (over: Record<string, string>) => ({
  of: 'sa_1',
  period: '2026-11',
  used: '0',
  refunded: '0',
  returned: '0',
  ...over,
});
const hold = (points: string) => run('hold.place', { points });
const release = run('hold.release');
const off = run('sub-account.deactivate');
const remove = run('sub-account.delete');
const IN_DECEMBER = later('2026-12-05T00:00:00Z');
const NOVEMBER = { sentAt: '2026-11-20T00:00:00Z' };

describe('a message that reaches a closed statement is a late entry', () => {
  table([
    {
      name: 'of this month: no',
      given: [opened('100')],
      when: sent('30'),
      outcome: 'message.charged',
      late: [],
      detail: ['message.charged', { late: false, period: '2026-11' }],
    },
    {
      name: 'of an inactive sub-account: no, its statement is open',
      given: [opened('100'), off],
      when: sent('30'),
      outcome: 'message.charged',
      late: [],
      detail: ['message.charged', { late: false }],
    },
    {
      name: 'of a closed month',
      given: [opened('100'), IN_DECEMBER],
      when: sent('30', 'm1', NOVEMBER),
      outcome: 'message.charged',
      late: [entry({ used: '30' })],
      statements: [],
      detail: ['message.charged', { late: true, period: '2026-11', fromMain: '30' }],
      sub: { opening: '100' },
    },
    {
      name: 'of a month before the sub-account was opened',
      given: [opened('100'), IN_DECEMBER],
      when: sent('30', 'm1', { sentAt: '2026-10-20T00:00:00Z' }),
      outcome: 'message.charged',
      late: [entry({ period: '2026-10', used: '30' })],
    },
    {
      name: 'of a deleted sub-account, in the month of the deletion',
      given: [opened('100'), remove],
      when: sent('30'),
      outcome: 'message.charged',
      late: [entry({ used: '30' })],
      events: ['message.charged', 'limit.exceeded'],
      detail: ['message.charged', { late: true, period: '2026-11' }],
    },
    {
      name: 'of a deleted sub-account, in a later month: that month never opened',
      given: [opened('100'), remove, IN_DECEMBER],
      when: sent('30'),
      outcome: 'message.charged',
      late: [entry({ period: '2026-12', used: '30' })],
      detail: ['message.charged', { late: true, period: '2026-12' }],
      sub: { opening: '0', used: '30' },
    },
    {
      name: 'settles a hold of a closed month: all of it is used there, nothing returned',
      given: [opened('100'), hold('30'), IN_DECEMBER],
      when: sent('30'),
      outcome: 'message.charged',
      late: [entry({ used: '30' })],
      detail: ['message.charged', { late: true, period: '2026-11', fromHold: '30', fromMain: '0' }],
    },
    {
      name: 'leaves some of a hold of a closed month',
      given: [opened('100'), hold('30'), IN_DECEMBER],
      when: sent('10'),
      outcome: 'message.charged',
      late: [entry({ returned: '20' }), entry({ used: '10' })],
      events: ['message.charged'],
    },
    {
      name: 'leaves some of a hold of a deleted sub-account',
      given: [opened('100'), hold('30'), remove],
      when: sent('10'),
      outcome: 'message.charged',
      moves: ['hold:m1 → used 10', 'hold:m1 → main 20'],
      late: [entry({ returned: '20' }), entry({ used: '10' })],
      sub: { used: '10', overage: '0', held: '0' },
    },
    {
      name: 'leaves some of a hold of this month: no',
      given: [opened('100'), hold('30')],
      when: sent('10'),
      outcome: 'message.charged',
      late: [],
      detail: ['message.charged', { late: false, fromHold: '10' }],
    },
    {
      name: 'sent before an early roll',
      given: [
        policy({ allowEarlyRoll: true }),
        opened('100'),
        run('period.roll', { period: '2026-12' }),
        later('2026-11-25T00:00:00Z'),
      ],
      when: sent('30', 'm1', { sentAt: '2026-11-09T00:00:00Z' }),
      outcome: 'message.charged',
      late: [entry({ used: '30' })],
    },
  ]);
});

describe('a refund that reaches a closed statement is a late entry', () => {
  table([
    {
      name: 'of a message of this month: no',
      given: [opened('100'), sent('30')],
      when: refunded('20'),
      outcome: 'message.credited',
      late: [],
      detail: ['message.credited', { late: false, points: '20', period: '2026-11' }],
    },
    {
      name: 'of a message of a closed month',
      given: [opened('100'), sent('30'), IN_DECEMBER],
      when: refunded('20'),
      outcome: 'message.credited',
      late: [entry({ refunded: '20' })],
      detail: ['message.credited', { late: true, points: '20', requested: '20', period: '2026-11' }],
      sub: { used: '0', opening: '100' },
    },
    {
      name: 'what was given back, not what was asked',
      given: [opened('100'), sent('30'), IN_DECEMBER],
      when: refunded('50'),
      outcome: 'message.credited',
      late: [entry({ refunded: '30' })],
      detail: ['message.credited', { late: true, points: '30', requested: '50' }],
    },
    {
      name: 'of a deleted sub-account, in the month of the deletion',
      given: [opened('100'), sent('30'), remove],
      when: refunded('20'),
      outcome: 'message.credited',
      late: [entry({ refunded: '20' })],
      detail: ['message.credited', { late: true, period: '2026-11' }],
    },
    {
      name: 'of an inactive one: no',
      given: [opened('100'), sent('30'), off],
      when: refunded('20'),
      outcome: 'message.credited',
      late: [],
      detail: ['message.credited', { late: false }],
    },
    {
      name: 'once per refund id',
      given: [opened('100'), sent('30'), IN_DECEMBER, refunded('20')],
      when: refunded('20'),
      outcome: 'duplicate',
      late: [],
    },
  ]);
});

describe('a hold that comes back to a closed statement is a late entry', () => {
  const back = (over: Record<string, unknown>) => ['hold.released', { points: '30', ...over }] as const;
  table([
    {
      name: 'of this month: no',
      given: [opened('100'), hold('30')],
      when: release,
      outcome: 'hold.released',
      late: [],
      detail: back({ period: '2026-11', late: false }),
    },
    {
      name: 'of an inactive one: no',
      given: [opened('100'), hold('30'), off],
      when: release,
      outcome: 'hold.released',
      late: [],
      detail: back({ period: '2026-11', late: false }),
    },
    {
      name: 'of a closed month',
      given: [opened('100'), hold('30'), IN_DECEMBER],
      when: release,
      outcome: 'hold.released',
      late: [entry({ returned: '30' })],
      detail: back({ period: '2026-11', late: true }),
    },
    {
      name: 'of a deleted sub-account',
      given: [opened('100'), hold('30'), remove],
      when: release,
      outcome: 'hold.released',
      late: [entry({ returned: '30' })],
      detail: back({ period: '2026-11', late: true }),
    },
    {
      name: 'again: nothing comes back, nothing is late',
      given: [opened('100'), hold('30'), IN_DECEMBER, release],
      when: release,
      outcome: 'hold.released',
      late: [],
      detail: ['hold.released', { points: '0', period: '2026-11', late: false }],
    },
    {
      name: 'after its late message: nothing comes back',
      given: [opened('100'), hold('30'), IN_DECEMBER, sent('30')],
      when: release,
      outcome: 'hold.released',
      late: [],
      detail: ['hold.released', { points: '0', period: '2026-11', late: false }],
    },
    {
      name: 'a bar has no period and is never late',
      given: [opened('100'), IN_DECEMBER],
      when: release,
      outcome: 'hold.released',
      late: [],
      detail: ['hold.released', { points: '0', period: null, late: false }],
    },
    {
      name: 'a bar that names a sub-account, too',
      given: [opened('100')],
      when: run('hold.release', { subAccountId: 'sa_1' }),
      outcome: 'hold.released',
      late: [],
      detail: ['hold.released', { points: '0', period: null, late: false }],
    },
  ]);
});
