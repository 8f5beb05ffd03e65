import { describe, expect, it } from '@jest/globals';
import type { RegistryRow, RollAnswer } from '../registry/fold-events.js';
import { oldestFirst } from './month-start-job.js';
import { claim, type RetryPolicy, type RunItem, settle } from './run-item.js';

const NOW = Date.parse('2026-11-30T15:00:05Z');
const DUE = { period: '2026-12', dueAt: Date.parse('2026-11-30T15:00:00Z') };
const policy: RetryPolicy = {
  answerMs: 30_000,
  maxAnswerMs: 300_000,
  refusedMs: 60_000,
  maxRefusedMs: 3_600_000,
  random: () => 0,
};

const account = (fields: Partial<RegistryRow> = {}): RegistryRow => ({
  mainAccountId: 'ma_1',
  timeZone: 'Asia/Tokyo',
  period: '2026-11',
  nextMonthStart: DUE.dueAt,
  generation: 0,
  sequence: 7,
  ...fields,
});
const item = (fields: Partial<RunItem> = {}): RunItem => ({
  period: '2026-12',
  mainAccountId: 'ma_1',
  dueAt: DUE.dueAt,
  state: 'emitted',
  attempts: 1,
  retryAt: NOW + 10_000,
  answeredAt: null,
  funded: 0,
  unfunded: 0,
  code: null,
  generation: 0,
  ...fields,
});
const rolledItem = (fields: Partial<RunItem> = {}) => item({ state: 'rolled', retryAt: null, ...fields });
const answer = (
  outcome: Partial<RollAnswer['outcome']> & { kind: string },
  fields: Partial<RollAnswer> = {},
) =>
  ({
    mainAccountId: 'ma_1',
    period: '2026-12',
    dueAt: DUE.dueAt,
    at: DUE.dueAt + 1_500,
    generation: 0,
    outcome: { period: '2026-12', funded: 0, unfunded: 0, ...outcome },
    ...fields,
  }) as RollAnswer;

describe('claim', () => {
  it.each<[string, RunItem | undefined, boolean, boolean]>([
    // name, stored, force, claimed
    ['nobody has it', undefined, false, true],
    ['somebody sent it a moment ago', item(), false, false],
    ['somebody claimed it a moment ago', item({ state: 'claimed' }), false, false],
    ['no answer within the bound', item({ retryAt: NOW }), false, true],
    ['a claim that was never sent ran out', item({ state: 'claimed', retryAt: NOW - 1 }), false, true],
    ['refused, its pause is over', item({ state: 'failed', retryAt: NOW - 1 }), false, true],
    ['refused a moment ago', item({ state: 'failed' }), false, false],
    ['rolled', rolledItem(), false, false],
    ['sent a moment ago, but by hand', item(), true, true],
    ['refused a moment ago, but by hand', item({ state: 'failed' }), true, true],
    ['rolled, even by hand', rolledItem(), true, false],
  ])('%s', (_name, stored, force, claimed) => {
    expect(claim(account(), DUE, stored, NOW, policy, force) !== undefined).toBe(claimed);
  });

  it('rolls again what an older generation of the books rolled', () => {
    const change = claim(account({ generation: 1 }), DUE, rolledItem({ unfunded: 2 }), NOW, policy);
    expect(change?.item).toMatchObject({ state: 'claimed', generation: 1 });
    expect(change?.delta).toMatchObject({ due: 0, rolled: -1, unfunded: -1, unfundedSubAccounts: -2 });
  });

  it('keeps the first instant: one command id, one content', () => {
    const change = claim(
      account(),
      { ...DUE, dueAt: DUE.dueAt + 3_600_000 },
      item({ retryAt: NOW }),
      NOW,
      policy,
    );
    expect(change?.item.dueAt).toBe(DUE.dueAt);
  });

  it.each([
    [0, 30_000],
    [1, 60_000],
    [3, 240_000],
    [9, 300_000],
    [5_000, 300_000],
  ])('after %i attempts waits %i ms for an answer', (attempts, waitMs) => {
    const change = claim(account(), DUE, item({ attempts, retryAt: NOW }), NOW, policy);
    expect(change?.item).toMatchObject({ attempts: attempts + 1, retryAt: NOW + waitMs });
  });

  it('counts a month start once, however often it is claimed', () => {
    expect(claim(account(), DUE, undefined, NOW, policy)?.delta).toMatchObject({ due: 1, failed: 0 });
    const failed = item({ state: 'failed', retryAt: NOW });
    expect(claim(account(), DUE, failed, NOW, policy)?.delta).toMatchObject({ due: 0, failed: -1 });
  });
});

describe('settle', () => {
  it('takes a roll, its figures and its lag', () => {
    const change = settle(answer({ kind: 'rolled', funded: 3, unfunded: 2 }), item(), NOW, policy);
    expect(change?.item).toMatchObject({
      state: 'rolled',
      retryAt: null,
      funded: 3,
      unfunded: 2,
      attempts: 1,
    });
    expect(change?.delta).toMatchObject({
      due: 0,
      rolled: 1,
      failed: 0,
      unfunded: 1,
      unfundedSubAccounts: 2,
      lagMs: 1_500,
    });
  });

  it('stores a roll that traffic caused before the scheduler’s command', () => {
    const change = settle(answer({ kind: 'rolled' }), undefined, NOW, policy);
    expect(change?.item).toMatchObject({ state: 'rolled', attempts: 0, dueAt: DUE.dueAt });
    expect(change?.delta).toMatchObject({ due: 1, rolled: 1 });
  });

  it('has no negative lag where a month was rolled early', () => {
    const early = answer({ kind: 'rolled' }, { at: DUE.dueAt - 60_000 });
    expect(settle(early, item(), NOW, policy)?.delta.lagMs).toBe(0);
  });

  it.each<[string, RollAnswer, RunItem | undefined]>([
    ['a second roll', answer({ kind: 'rolled', unfunded: 9 }), rolledItem()],
    ['already-rolled after the roll', answer({ kind: 'already-rolled' }), rolledItem()],
    ['a refusal after the roll', answer({ kind: 'rejected', code: 'period-not-due' } as never), rolledItem()],
    [
      'a refusal of what was never asked',
      answer({ kind: 'rejected', code: 'period-not-due' } as never),
      undefined,
    ],
  ])('%s changes nothing', (_name, given, stored) => {
    expect(settle(given, stored, NOW, policy)).toBeUndefined();
  });

  it('keeps the reason of a refusal and tries again later, longer each time', () => {
    const refused = answer({ kind: 'rejected', code: 'period-not-due' } as never);
    const first = settle(refused, item(), NOW, policy);
    expect(first?.item).toMatchObject({ state: 'failed', code: 'period-not-due', retryAt: NOW + 60_000 });
    expect(first?.delta).toMatchObject({ failed: 1, rolled: 0 });
    expect(settle(refused, item({ attempts: 3 }), NOW, policy)?.item.retryAt).toBe(NOW + 240_000);
    expect(settle(refused, item({ state: 'failed' }), NOW, policy)?.delta.failed).toBe(0);
  });

  it('a roll outweighs an earlier refusal', () => {
    const change = settle(
      answer({ kind: 'rolled' }),
      item({ state: 'failed', code: 'period-not-due' }),
      NOW,
      policy,
    );
    expect(change).toMatchObject({ item: { state: 'rolled', code: null }, delta: { rolled: 1, failed: -1 } });
  });
});

it('sends older months first, and each account in order', () => {
  const items = [
    item({ mainAccountId: 'ma_2', period: '2027-01' }),
    item({ mainAccountId: 'ma_1', period: '2027-01' }),
    item({ mainAccountId: 'ma_2', period: '2026-12' }),
    item({ mainAccountId: 'ma_1', period: '2026-11' }),
  ];
  expect(oldestFirst(items).map((one) => `${one.period} ${one.mainAccountId}`)).toEqual([
    '2026-11 ma_1',
    '2026-12 ma_2',
    '2027-01 ma_1',
    '2027-01 ma_2',
  ]);
});
