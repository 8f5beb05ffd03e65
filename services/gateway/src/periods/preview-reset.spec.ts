import { describe, expect, it } from '@jest/globals';
import {
  Books,
  type Decision,
  decide,
  granted,
  type MainAccount,
  type Points,
  periodStart,
  type SubAccount,
  shortfall,
  wholePoints,
} from '@subledger/core';
import fc from 'fast-check';
import {
  previewInSteps,
  previewReset,
  type ResetMain,
  type ResetRow,
  type ResetSub,
} from './preview-reset.js';

const ZONES = ['Asia/Tokyo', 'America/New_York', 'Europe/Berlin'];
const POLICY = { maxSubAccounts: 100, maxMessagePoints: wholePoints(10_000), allowEarlyRoll: false };
const points = (min: number, max: number) => fc.integer({ min, max }).map((count) => BigInt(count) as Points);
const limit = fc.integer({ min: 0, max: 60 }).map((count) => (BigInt(count) * 1_000n) as Points);

/** Any sub-account that rules leave behind: with holds, overage, a boost, a pending limit, a part of its limit. */
const someSub = fc.record({
  lifecycle: fc.constantFrom('active', 'active', 'active', 'inactive', 'deleted'),
  paused: fc.boolean(),
  priority: fc.integer({ min: 0, max: 3 }),
  limit,
  nextLimit: fc.option(limit),
  boost: points(0, 9_000),
  used: points(0, 90_000),
  overage: points(0, 5_000),
  held: points(0, 9_000),
  remaining: points(0, 60_000),
});
const someBooks = fc
  .record({
    plan: fc.constantFrom('prepay', 'postpay'),
    creditLimit: fc.option(points(0, 90_000)),
    fundingPolicy: fc.constantFrom('full', 'partial'),
    timeZone: fc.constantFrom(...ZONES),
    nextTimeZone: fc.option(fc.constantFrom(...ZONES)),
    suspended: fc.boolean(),
    period: fc.constantFrom('2026-11', '2026-12', '2027-02'),
    balance: points(-90_000, 200_000),
    subs: fc.array(someSub, { maxLength: 12 }),
    order: fc.array(fc.nat()),
  })
  .map(({ subs, order, ...main }) =>
    booksOf(main as Partial<MainAccount> & { period: string }, subs as Partial<SubAccount>[], order),
  );

function booksOf(
  given: Partial<MainAccount> & { period: string },
  subs: readonly Partial<SubAccount>[],
  order: readonly number[],
): { main: MainAccount; subs: SubAccount[] } {
  const { period } = given;
  const all = subs.map((sub, ordinal) => {
    const isActive = sub.lifecycle === 'active';
    const remaining = isActive ? sub.remaining : 0n;
    const id = `sa_${(ordinal * 7) % 12}_${ordinal}`;
    return { id, ordinal, period, opening: 0n, deletedAt: null, ...sub, remaining } as SubAccount;
  });
  const total = (pick: (sub: SubAccount) => bigint) =>
    all.reduce((sum, sub) => sum + pick(sub), 0n) as Points;
  const main = {
    id: 'ma_1',
    featureActive: true,
    periodOpenedAt: 0,
    nextMonthStart: periodStart(next(period), given.timeZone ?? ''),
    purchased: 0n,
    used: 0n,
    held: total(({ held }) => held),
    granted: total(({ remaining }) => remaining),
    activeSubAccounts: all.filter(({ lifecycle }) => lifecycle === 'active').length,
    subAccounts: all.length,
    opened: all.length,
    sequence: 100,
    transferSequence: 200,
    ...given,
  } as MainAccount;
  // The order of rows in memory must not matter.
  const shuffled = all
    .map((sub, index) => ({ sub, key: order[index] ?? index }))
    .sort((a, b) => a.key - b.key);
  return { main, subs: shuffled.map(({ sub }) => sub) };
}
const next = (period: string) =>
  ({ '2026-11': '2026-12', '2026-12': '2027-01', '2027-02': '2027-03' })[period] as string;

/** Only what the preview is given of real books: nothing else may matter. */
const mainFacts = ({
  id,
  plan,
  creditLimit,
  fundingPolicy,
  timeZone,
  nextTimeZone,
  period,
  nextMonthStart,
  balance,
}: MainAccount): ResetMain => ({
  ...{ id, plan, creditLimit, fundingPolicy, timeZone, nextTimeZone, period, nextMonthStart, balance },
});
const subFacts = ({
  id,
  ordinal,
  lifecycle,
  priority,
  limit,
  nextLimit,
  remaining,
}: SubAccount): ResetSub => ({
  ...{ id, ordinal, lifecycle, priority, limit, nextLimit, remaining },
});

type Decided = Extract<Decision, { kind: 'decided' }>;

describe('the preview is what the ledger decides at the month start', () => {
  it.each(['clock', 'command'] as const)('by the %s', (kind) => {
    fc.assert(
      fc.property(someBooks, ({ main, subs }) => {
        const preview = previewReset(mainFacts(main), subs.map(subFacts));
        const books = new Books(main, subs);
        const about = { mainAccountId: main.id, at: main.nextMonthStart };
        const decision = decide(
          books,
          kind === 'clock'
            ? { kind, ...about }
            : { kind, ...about, name: 'period.roll', data: { period: next(main.period) } },
          POLICY,
        ) as Decided;
        books.apply(decision.changes);
        expectMain(preview, books.main as MainAccount, main);
        const summary = decision.events.at(-1);
        expect(summary).toMatchObject({
          name: 'period.rolled',
          detail: {
            to: preview.period,
            returned: preview.returned,
            granted: preview.granted,
            funded: preview.funded,
            unfunded: preview.unfunded,
          },
        });
        const rows = [...preview.rows()];
        const live = subs.filter(({ lifecycle }) => lifecycle !== 'deleted');
        expect(rows.map(({ id }) => id).sort()).toEqual(live.map(({ id }) => id).sort());
        for (const row of rows)
          expectSub(
            row,
            books.subAccounts.get(row.id) as SubAccount,
            subs.find(({ id }) => id === row.id) as SubAccount,
          );
        expectFundingOrder(rows);
      }),
      { numRuns: 500 },
    );
  });
});

function expectMain(preview: ReturnType<typeof previewReset>, after: MainAccount, before: MainAccount): void {
  expect([preview.period, preview.at, preview.balanceAfter]).toEqual([
    after.period,
    before.nextMonthStart,
    after.balance,
  ]);
  expect(preview.balance + preview.returned - preview.granted).toBe(after.balance);
  expect(preview.needed - preview.granted).toBe(preview.shortfall);
  expect(preview.funded + preview.partlyFunded + preview.unfunded).toBe(before.activeSubAccounts);
  // Nobody is funded beyond what there is.
  if (preview.available !== null && preview.granted > 0n)
    expect(preview.granted <= preview.available).toBe(true);
}

function expectSub(row: ResetRow, after: SubAccount, before: SubAccount): void {
  expect({ ...row, outcome: undefined, needed: undefined }).toEqual({
    id: after.id,
    ordinal: after.ordinal,
    priority: after.priority,
    limit: after.limit,
    returned: before.remaining,
    granted: granted(after),
    shortfall: shortfall(after),
  });
  const isActive = after.lifecycle === 'active';
  expect(row.needed).toBe(isActive ? after.limit : 0n);
  const outcome =
    after.remaining === after.limit ? 'funded' : after.remaining > 0n ? 'partly-funded' : 'unfunded';
  expect(row.outcome).toBe(isActive ? outcome : 'inactive');
}

function expectFundingOrder(rows: readonly ResetRow[]): void {
  const keys = rows.map(({ priority, ordinal }) => priority * 1_000 + ordinal);
  expect(keys).toEqual([...keys].sort((a, b) => a - b));
}

/** By hand, so that a mistake that both sides share is seen. */
describe('the design’s words', () => {
  const main = (balance: bigint, more: Partial<ResetMain> = {}): ResetMain => ({
    id: 'ma_1',
    plan: 'prepay',
    nextTimeZone: null,
    creditLimit: 0n as Points,
    fundingPolicy: 'full',
    timeZone: 'Asia/Tokyo',
    period: '2026-11',
    nextMonthStart: Date.parse('2026-11-30T15:00:00Z'),
    balance: (balance * 1_000n) as Points,
    ...more,
  });
  const sub = (ordinal: number, limitPoints: bigint, more: Partial<ResetSub> = {}): ResetSub => ({
    id: `sa_${ordinal}`,
    ordinal,
    lifecycle: 'active',
    priority: 100,
    limit: (limitPoints * 1_000n) as Points,
    nextLimit: null,
    remaining: 0n as Points,
    ...more,
  });
  const outcomes = (given: ResetMain, subs: ResetSub[]) =>
    [...previewReset(given, subs).rows()].map(
      ({ id, outcome, granted: given }) => `${id} ${outcome} ${given / 1_000n}`,
    );

  it.each<[string, ResetMain, ResetSub[], string[]]>([
    ['all suffices', main(300n), [sub(0, 100n), sub(1, 200n)], ['sa_0 funded 100', 'sa_1 funded 200']],
    [
      'a later, smaller one is still funded',
      main(150n),
      [sub(0, 200n), sub(1, 100n)],
      ['sa_0 unfunded 0', 'sa_1 funded 100'],
    ],
    [
      'partial: what is left goes to the first short one',
      main(150n, { fundingPolicy: 'partial' }),
      [sub(0, 100n), sub(1, 100n), sub(2, 1n)],
      ['sa_0 funded 100', 'sa_1 partly-funded 50', 'sa_2 unfunded 0'],
    ],
    [
      'priority before creation',
      main(100n),
      [sub(0, 100n), sub(1, 100n, { priority: 1 })],
      ['sa_1 funded 100', 'sa_0 unfunded 0'],
    ],
    [
      'what is unused is given again',
      main(0n),
      [sub(0, 100n, { remaining: 100_000n as Points })],
      ['sa_0 funded 100'],
    ],
    ['in debt nobody is funded', main(-1n), [sub(0, 1n)], ['sa_0 unfunded 0']],
    [
      'what comes back repays debt first',
      main(-60n),
      [sub(0, 40n, { remaining: 100_000n as Points }), sub(1, 1n)],
      ['sa_0 funded 40', 'sa_1 unfunded 0'],
    ],
    [
      'credit counts',
      main(0n, { plan: 'postpay', creditLimit: 100_000n as Points }),
      [sub(0, 100n)],
      ['sa_0 funded 100'],
    ],
    [
      'unlimited credit covers all',
      main(-5n, { plan: 'postpay', creditLimit: null }),
      [sub(0, 100n)],
      ['sa_0 funded 100'],
    ],
    [
      'a pending limit acts, an inactive one gets nothing',
      main(500n),
      [sub(0, 100n, { nextLimit: 300_000n as Points }), sub(1, 100n, { lifecycle: 'inactive' })],
      ['sa_0 funded 300', 'sa_1 inactive 0'],
    ],
    ['limit 0 lacks nothing', main(0n), [sub(0, 0n)], ['sa_0 funded 0']],
    ['deleted ones are over', main(0n), [sub(0, 5n, { lifecycle: 'deleted' })], []],
  ])('%s', (_, given, subs, expected) => {
    expect(outcomes(given, subs)).toEqual(expected);
  });

  it('has the available and the missing points', () => {
    const given = main(150n, { fundingPolicy: 'partial' });
    const { rows: _rows, ...preview } = previewReset(given, [
      sub(0, 100n, { remaining: 20_000n as Points }),
      sub(1, 100n),
    ]);
    expect(preview).toEqual({
      period: '2026-12',
      at: Date.parse('2026-11-30T15:00:00Z'),
      fundingPolicy: 'partial',
      timeZone: 'Asia/Tokyo',
      nextTimeZone: null,
      balance: 150_000n,
      returned: 20_000n,
      available: 170_000n,
      needed: 200_000n,
      granted: 170_000n,
      shortfall: 30_000n,
      balanceAfter: 0n,
      availableAfter: 0n,
      funded: 1,
      partlyFunded: 1,
      unfunded: 0,
    });
  });

  it('in steps it is the same, row by row, with a pause after each thousand', () => {
    const given = main(100n);
    const subs = Array.from({ length: 2_500 }, (_, index) => sub(index, 1n, { priority: index % 3 }));
    const seen: ResetRow[] = [];
    const steps = previewInSteps(given, subs, (row) => seen.push(row));
    let turns = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) turns += 1;
    const { rows, ...whole } = previewReset(given, subs);
    expect(step.value).toMatchObject({ ...whole, funded: 100, unfunded: 2_400 });
    expect(seen).toEqual([...rows()]);
    expect([turns, seen.length]).toEqual([3, 2_500]);
  });
});
