import { describe, expect, it } from '@jest/globals';
import { decide } from './decide.js';
import { Judge } from './testing/judge.js';
import { instantMs, Scenario } from './testing/scenario.js';
import { clock, later, opened, policy, refunded, run, sent, table } from './testing/table.js';

const roll = (period = '2026-12') => run('period.roll', { period });
const look = run('main-account.suspend');
const IN_DECEMBER = clock('2026-12-05T00:00:00Z');
const STRICT = policy({ allowEarlyRoll: false });

describe('when a roll happens', () => {
  table([
    {
      name: 'a millisecond before the month start nothing is due',
      given: [
        (books) => {
          books.now = instantMs('2026-11-30T15:00:00Z') - 1;
          return 'set';
        },
      ],
      when: look,
      outcome: 'main-account.suspended',
      books: { period: '2026-11' },
    },
    {
      name: 'any command at the month start rolls first',
      given: [opened('100'), sent('30'), clock('2026-11-30T15:00:00Z')],
      when: look,
      outcome: 'main-account.suspended',
      events: ['sub-account.rolled', 'period.rolled', 'main-account.suspended'],
      books: { period: '2026-12' },
      sub: { used: '0', remaining: '100' },
    },
    {
      name: 'any message does',
      given: [opened('100'), sent('30'), clock('2026-11-30T15:00:00Z')],
      when: sent('10', 'm2'),
      outcome: 'message.charged',
      sub: { used: '10' },
    },
    {
      name: 'any refund does',
      given: [opened('100'), sent('30'), clock('2026-11-30T15:00:00Z')],
      when: refunded('10'),
      outcome: 'message.credited',
      books: { period: '2026-12', balance: '880' },
      sub: { remaining: '100' },
    },
    {
      name: 'a refused command does',
      given: [opened('100'), IN_DECEMBER],
      when: opened('5000', 'sa_2'),
      outcome: 'insufficient-main-balance',
      books: { period: '2026-12' },
    },
    {
      name: 'the command of the due month finds it rolled by the clock',
      given: [opened('100'), IN_DECEMBER],
      when: roll(),
      outcome: 'period.already-rolled',
      events: ['sub-account.rolled', 'period.rolled', 'period.already-rolled'],
    },
    {
      name: 'again: already rolled, nothing moves',
      given: [opened('100'), roll()],
      when: roll(),
      outcome: 'period.already-rolled',
      events: ['period.already-rolled'],
      moves: [],
      detail: ['period.already-rolled', { period: '2026-12' }],
    },
    { name: 'the current month: already rolled', when: roll('2026-11'), outcome: 'period.already-rolled' },
    {
      name: 'a month before the account: already rolled',
      when: roll('2026-01'),
      outcome: 'period.already-rolled',
      books: { period: '2026-11' },
    },
    {
      name: 'early, where it is not allowed',
      given: [STRICT, opened('100'), sent('30')],
      when: roll(),
      outcome: 'period-not-due',
      sub: { used: '30' },
      books: { period: '2026-11' },
    },
    {
      name: 'a millisecond early',
      given: [
        STRICT,
        (books) => {
          books.now = instantMs('2026-11-30T15:00:00Z') - 1;
          return 'set';
        },
      ],
      when: roll(),
      outcome: 'period-not-due',
    },
    {
      name: 'strict, on time',
      given: [STRICT, opened('100'), clock('2026-11-30T15:00:00Z')],
      when: roll(),
      outcome: 'period.already-rolled',
      books: { period: '2026-12' },
    },
    {
      name: 'strict, again after it',
      given: [STRICT, later('2026-12-05T00:00:00Z')],
      when: roll('2026-11'),
      outcome: 'period.already-rolled',
    },
    {
      name: 'the month after next, where early is allowed: neither',
      given: [opened('100'), sent('30')],
      when: roll('2027-01'),
      outcome: 'period-not-due',
      books: { period: '2026-11' },
      sub: { used: '30' },
    },
    {
      name: 'the month after next never comes before the next one',
      given: [STRICT],
      when: roll('2027-01'),
      outcome: 'period-not-due',
      books: { period: '2026-11' },
    },
    {
      name: 'early: the next month start is the one after',
      given: [opened('100'), later('2026-11-20T00:00:00Z')],
      when: roll(),
      outcome: 'period.rolled',
      books: {
        period: '2026-12',
        nextMonthStart: instantMs('2026-12-31T15:00:00Z'),
        periodOpenedAt: instantMs('2026-11-20T00:00:00Z'),
      },
    },
    {
      name: 'early: its month start passes without another',
      given: [opened('100'), later('2026-11-20T00:00:00Z'), roll(), sent('30'), IN_DECEMBER],
      when: look,
      outcome: 'main-account.suspended',
      events: ['main-account.suspended'],
      sub: { used: '30' },
      books: { period: '2026-12' },
    },
    {
      name: 'on time: the period opened at its month start, not at the record',
      given: [opened('100'), IN_DECEMBER],
      when: look,
      outcome: 'main-account.suspended',
      books: { periodOpenedAt: instantMs('2026-11-30T15:00:00Z') },
    },
  ]);
});

describe('period.roll at the very month start, before the clock', () => {
  it.each([
    ['a millisecond before it is early', -1, 'command.rejected'],
    ['at it is not', 0, 'sub-account.rolled'],
  ])('%s', (_, ms, event) => {
    const scenario = new Scenario({ balance: '1000' });
    opened('100')(scenario);
    const at = (scenario.books.main?.nextMonthStart ?? 0) + ms;
    const command = { kind: 'command', name: 'period.roll', mainAccountId: 'ma_1', at } as const;
    const policyStrict = { ...new Scenario(null).policy, allowEarlyRoll: false };
    const decision = decide(scenario.books, { ...command, data: { period: '2026-12' } }, policyStrict);
    expect(decision).toMatchObject({ kind: 'decided', events: [{ name: event }, ...(ms < 0 ? [] : [{}])] });
  });
});

describe('missed months', () => {
  it('are rolled one after the other', () => {
    const books = new Scenario({ balance: '1000' }, new Judge().act);
    opened('100')(books);
    sent('30')(books);
    run('limit.change', { limit: '60', effective: 'next-period' })(books);
    clock('2027-02-10T00:00:00Z')(books);
    expect(look(books)).toBe('main-account.suspended');
    const rolled = books.events.filter(({ name }) => name === 'period.rolled').map(({ detail }) => detail);
    expect(rolled).toMatchObject([
      { from: '2026-11', to: '2026-12', returned: 70_000n, granted: 60_000n },
      { from: '2026-12', to: '2027-01', returned: 60_000n, granted: 60_000n },
      { from: '2027-01', to: '2027-02', returned: 60_000n, granted: 60_000n },
    ]);
    expect(books.main()).toMatchObject({
      period: '2027-02',
      balance: '910',
      nextMonthStart: instantMs('2027-02-28T15:00:00Z'),
    });
    expect(books.sub()).toMatchObject({ remaining: '60', used: '0', period: '2027-02' });
  });

  it('over a year, in a zone with summer time', () => {
    const books = new Scenario({ balance: '1000', timeZone: 'America/New_York' }, new Judge().act);
    opened('100')(books);
    clock('2027-11-01T04:00:00Z')(books);
    look(books);
    expect(books.events.filter(({ name }) => name === 'period.rolled')).toHaveLength(12);
    expect(books.main()).toMatchObject({
      period: '2027-11',
      nextMonthStart: instantMs('2027-12-01T05:00:00Z'),
    });
  });
});
