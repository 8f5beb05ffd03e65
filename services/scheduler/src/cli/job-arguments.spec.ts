import { describe, expect, it } from '@jest/globals';
import { exitCodeOf, summarize } from '../month-start/run-summary.js';
import { parseJobArguments } from './job-arguments.js';

describe('parseJobArguments', () => {
  it.each([
    [['month-start'], { job: { name: 'month-start' }, atMs: undefined, timeoutMs: 60_000 }],
    [['month-start', '--timeout', '5'], { timeoutMs: 5_000 }],
    [['month-start', '--at', '2026-12-01T00:00:00+09:00'], { atMs: Date.parse('2026-11-30T15:00:00Z') }],
    [['--at=2026-12-01T00:00:00Z', 'month-start'], { atMs: Date.parse('2026-12-01T00:00:00Z') }],
  ])('reads %j', (argv, expected) => {
    expect(parseJobArguments(argv)).toMatchObject(expected);
  });

  it.each([
    [[], 'Say which job'],
    [['month-end'], 'There is no job "month-end". Jobs: month-start'],
    [['month-start', 'twice'], 'One job at a time'],
    [['month-start', '--at', '2026-12-01'], '--at must be an instant with Z or an offset'],
    [['month-start', '--at', 'tomorrow'], '--at must be an instant'],
    [['month-start', '--timeout', 'long'], '--timeout must be seconds'],
    [['month-start', '--timeout', '0'], '--timeout must be seconds'],
    [['month-start', '--force'], "Unknown option '--force'"],
  ])('refuses %j', (argv, text) => {
    expect(() => parseJobArguments(argv)).toThrow(text);
  });

  it('gives help', () => {
    expect(parseJobArguments(['--help'])).toBeUndefined();
  });
});

describe('summarize', () => {
  const totals = { due: 4, rolled: 2, unfunded: 1, unfundedSubAccounts: 3, failed: 1, open: 1 };
  const outcome = {
    asOfMs: Date.parse('2026-12-31T15:00:00Z'),
    mainAccounts: 2,
    totals,
    periods: [{ period: '2026-12', ...totals }],
    failures: [
      { period: '2026-12', mainAccountId: 'ma_1', state: 'failed', code: 'period-not-due' },
      { period: '2026-12', mainAccountId: 'ma_2', state: 'emitted', code: null },
    ],
  };

  it('shows each period, each failure and the sum', () => {
    expect(summarize(outcome)).toEqual([
      'month-start as of 2026-12-31T15:00:00.000Z',
      '   period  due  rolled  unfunded  failed  no answer',
      '  2026-12    4       2         1       1          1',
      '  ma_1 2026-12: period-not-due: the ledger says that this month has not begun',
      '  ma_2 2026-12: no answer yet',
      '4 month starts due: 2 rolled, 1 unfunded (3 sub-accounts without points), 1 failed, 1 without an answer.',
      expect.stringContaining('No answer in time'),
      expect.stringContaining('rolled once'),
    ]);
    expect(exitCodeOf(outcome)).toBe(1);
  });

  it('says that nothing is due', () => {
    const none = { due: 0, rolled: 0, unfunded: 0, unfundedSubAccounts: 0, failed: 0, open: 0 };
    const quiet = { ...outcome, totals: none, periods: [], failures: [] };
    expect(summarize(quiet)[1]).toBe('Nothing is due: none of 2 main accounts waits for a month start.');
    expect(exitCodeOf(quiet)).toBe(0);
  });
});
