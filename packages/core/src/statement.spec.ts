import { describe } from '@jest/globals';
import { instantMs } from './testing/scenario.js';
import { clock, later, opened, policy, refunded, run, sent, table } from './testing/table.js';

/** A statement of `sa_1`'s November with a limit of 100 and nothing used; a row names what differs. */
const closed = (over: Record<string, string> = {}) => ({
  of: 'sa_1',
  period: '2026-11',
  opening: '100',
  limit: '100',
  boost: '0',
  granted: '100',
  used: '0',
  overage: '0',
  held: '0',
  returned: '100',
  ...over,
});
const roll = (period = '2026-12') => run('period.roll', { period });
const hold = (points: string, messageId = 'm9', over = {}) =>
  run('hold.place', { points, messageId, ...over });
const off = run('sub-account.deactivate');
const on = run('sub-account.reactivate');
const remove = run('sub-account.delete');
const change = (limit: string, effective = 'immediately') => run('limit.change', { limit, effective });

describe('the statement that a month start closes: granted − (used − overage) − held = returned', () => {
  table([
    {
      name: 'nothing used',
      given: [opened('100')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed()],
      detail: ['sub-account.rolled', { closed: { opening: '100', held: '0', returned: '100' } }],
      late: [],
      sub: { opening: '100', deletedAt: null },
    },
    {
      name: 'used, and held beyond the close',
      given: [opened('100'), sent('20'), hold('30')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ used: '20', held: '30', returned: '50' })],
      detail: ['sub-account.rolled', { closed: { granted: '100', held: '30', returned: '50' } }],
      sub: { opening: '100', held: '0' },
    },
    {
      name: 'overage',
      given: [opened('100'), sent('130')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ used: '130', overage: '30', returned: '0' })],
    },
    {
      name: 'refunds of the month are taken off what was used',
      given: [opened('100'), sent('90'), sent('40', 'm2'), refunded('90')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ used: '40', returned: '60' })],
    },
    {
      name: 'a boost, and a new limit: it opened with the old one',
      given: [opened('100'), change('150'), run('limit.boost', { points: '20' }), sent('10')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ limit: '150', boost: '20', granted: '170', used: '10', returned: '160' })],
      sub: { opening: '150' },
    },
    {
      name: 'the limit of the month, not the pending one; the next month opens with that',
      given: [opened('100'), change('40', 'next-period')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed()],
      sub: { opening: '40' },
    },
    {
      name: 'a lower limit: granted is less what was given back within the period',
      given: [opened('100'), change('30')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ limit: '30', granted: '30', returned: '30' })],
    },
    {
      name: 'a refund that went to main, above the target',
      given: [opened('100'), sent('80'), change('50'), refunded('80')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ limit: '50', granted: '50', returned: '50' })],
    },
    {
      name: 'an inactive one',
      given: [opened('100'), sent('20'), hold('30'), off],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ granted: '50', used: '20', held: '30', returned: '0' })],
      sub: { opening: '0' },
    },
    {
      name: 'off and on again',
      given: [opened('100'), sent('20'), off, on],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ used: '20', returned: '80' })],
    },
    {
      name: 'an inactive one whose message main paid',
      given: [opened('100'), off, sent('20')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ granted: '0', used: '20', overage: '20', returned: '0' })],
    },
    {
      name: 'unfunded: nothing at the opening, what came later is granted',
      main: { balance: '100' },
      given: [
        opened('100'),
        sent('30'),
        later('2026-12-05T00:00:00Z'),
        run('points.purchase', { points: '80' }),
      ],
      when: roll('2027-01'),
      outcome: 'period.rolled',
      statements: [closed({ period: '2026-12', opening: '0' })],
      sub: { opening: '100', period: '2027-01' },
    },
    {
      name: 'funded in part: opens with what it got',
      main: { balance: '100', fundingPolicy: 'partial' },
      given: [opened('100'), sent('30')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ used: '30', returned: '70' })],
      sub: { opening: '70' },
    },
    {
      name: 'opened late in the month: with its limit',
      given: [later('2026-11-28T00:00:00Z'), opened('40')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ opening: '40', limit: '40', granted: '40', returned: '40' })],
    },
    {
      name: 'one per sub-account in funding order, active or not; none for a deleted one',
      given: [
        opened('100'),
        opened('100', 'sa_2'),
        opened('100', 'sa_3', 1),
        remove,
        run('sub-account.deactivate', { subAccountId: 'sa_2' }),
      ],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ of: 'sa_3' }), closed({ of: 'sa_2', granted: '0', returned: '0' })],
    },
    {
      name: 'missed months: one each',
      given: [opened('100'), sent('30'), clock('2027-01-05T00:00:00Z')],
      when: run('main-account.resume'),
      outcome: 'main-account.resumed',
      statements: [closed({ used: '30', returned: '70' }), closed({ period: '2026-12' })],
    },
    {
      name: 'an early roll closes the month as it stands',
      given: [policy({ allowEarlyRoll: true }), opened('100'), sent('30')],
      when: roll(),
      outcome: 'period.rolled',
      statements: [closed({ used: '30', returned: '70' })],
    },
    {
      name: 'a period rolled before closes nothing again',
      given: [opened('100'), roll()],
      when: roll(),
      outcome: 'period.already-rolled',
      statements: [],
      late: [],
    },
    {
      name: 'commands, messages and refunds of the open month close nothing and are not late',
      given: [opened('100'), hold('10'), sent('130'), run('hold.release', { messageId: 'm9' })],
      when: refunded('130'),
      outcome: 'message.credited',
      statements: [],
      late: [],
      sub: { opening: '100' },
    },
  ]);
});

describe('the statement that a deletion closes', () => {
  const NOW = instantMs('2026-11-10T00:00:00Z');
  table([
    {
      name: 'at once, with what goes back',
      given: [opened('100'), sent('20'), hold('30')],
      when: remove,
      outcome: 'sub-account.deleted',
      statements: [closed({ used: '20', held: '30', returned: '50' })],
      detail: [
        'sub-account.deleted',
        { returned: '50', closed: { period: '2026-11', used: '20', held: '30', returned: '50' } },
      ],
      sub: { status: 'deleted', deletedAt: NOW },
      late: [],
    },
    {
      name: 'of an inactive one: nothing is left to return',
      given: [opened('100'), sent('20'), off],
      when: remove,
      outcome: 'sub-account.deleted',
      statements: [closed({ granted: '20', used: '20', returned: '0' })],
      detail: ['sub-account.deleted', { returned: '0', closed: { granted: '20', returned: '0' } }],
      sub: { deletedAt: NOW },
    },
    {
      name: 'in the next month: that one’s, the older was closed',
      given: [opened('100'), sent('20'), later('2026-12-05T00:00:00Z'), sent('30', 'm2')],
      when: remove,
      outcome: 'sub-account.deleted',
      statements: [closed({ period: '2026-12', used: '30', returned: '70' })],
      sub: { deletedAt: instantMs('2026-12-05T00:00:00Z') },
    },
    {
      name: 'due months close first',
      given: [opened('100'), clock('2026-12-05T00:00:00Z')],
      when: remove,
      outcome: 'sub-account.deleted',
      statements: [closed(), closed({ period: '2026-12' })],
    },
    {
      name: 'once: the month start does not close it again',
      given: [opened('100'), remove],
      when: roll(),
      outcome: 'period.rolled',
      statements: [],
    },
    {
      name: 'a pending limit is dropped with it',
      given: [opened('100'), change('40', 'next-period')],
      when: remove,
      outcome: 'sub-account.deleted',
      statements: [closed()],
      sub: { nextLimit: null },
    },
    {
      name: 'deactivating closes nothing',
      given: [opened('100')],
      when: off,
      outcome: 'sub-account.deactivated',
      statements: [],
      sub: { deletedAt: null },
    },
  ]);
});
