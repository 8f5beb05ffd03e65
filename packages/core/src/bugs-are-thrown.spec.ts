import { describe, expect, it } from '@jest/globals';
import { decide } from './decide.js';
import { type Account, Draft } from './draft.js';
import type { Input } from './input.js';
import { parsePeriod } from './period.js';
import { parsePoints, wholePoints } from './points.js';
import type { Hold, MainAccount, SubAccount } from './state.js';
import { Scenario } from './testing/scenario.js';
import { opened, run } from './testing/table.js';

const POLICY = { maxSubAccounts: 10, maxMessagePoints: wholePoints(10_000), allowEarlyRoll: false };
const AT = 1_794_268_800_000;
const asInput = (input: object) => input as unknown as Input;

describe('what no caller may do is thrown, not refused', () => {
  it.each<[string, object, string]>([
    [
      'the end of a hold that is not over',
      { kind: 'hold.expired', mainAccountId: 'ma_1', at: AT, messageId: 'm1' },
      'hold m1 is not over',
    ],
    ['a clock without books', { kind: 'clock', mainAccountId: 'ma_1', at: AT }, 'no books to roll'],
    ['an unknown kind of input', { kind: 'sent' }, 'not a known input: {"kind":"sent"}'],
  ])('%s', (_, input, message) => {
    const books = new Scenario(null).books;
    expect(() => decide(books, asInput(input), POLICY)).toThrow(new RangeError(message));
  });

  it('an unknown command', () => {
    const { books } = booksWithHold();
    const command = { kind: 'command', name: 'sub-account.praise', at: AT, data: { subAccountId: 'sa_1' } };
    expect(() => decide(books, asInput(command), POLICY)).toThrow(
      new RangeError(`not a known input: ${JSON.stringify(command)}`),
    );
  });

  it.each(['2026-13', 'x2026-12', '2026-12x'])('a period %s', (text) => {
    expect(() => parsePeriod(text)).toThrow(new RangeError(`not a period: "${text}"`));
  });

  it('an invalid amount', () => {
    expect(() => parsePoints('1e3')).toThrow(new RangeError('not an amount of points: "1e3"'));
  });
});

/** 1,000 points, 100 of them with `sa_1`, 30 of these in the hold of `m1`. */
function booksWithHold() {
  const scenario = new Scenario({ balance: '1000' });
  opened('100')(scenario);
  run('hold.place', { points: '30' })(scenario);
  return scenario;
}

describe('a rule that would break the books stops at its move', () => {
  const draftOf = () => {
    const { books } = booksWithHold();
    const draft = new Draft(books, books.main as MainAccount);
    return { draft, sub: draft.sub('sa_1') as SubAccount, hold: draft.hold('m1') as Hold };
  };
  type Parts = ReturnType<typeof draftOf>;

  it.each<[string, (parts: Parts) => Account, string, string | null]>([
    ['a sub-account gives all it has', ({ sub }) => ({ sub }), '70', null],
    [
      'a sub-account below 0',
      ({ sub }) => ({ sub }),
      '70.001',
      'the balance of sa_1 would be -1 millipoints',
    ],
    ['a hold gives all it has', ({ hold }) => ({ hold }), '30', null],
    ['a hold below 0', ({ hold }) => ({ hold }), '30.001', 'the balance of m1 would be -1 millipoints'],
    ['less than nothing', () => 'used', '-0.001', 'a transfer of -1 millipoints (refund)'],
    ['main may go below 0', () => 'main', '5000', null],
  ])('%s', (_, from, points, message) => {
    const parts = draftOf();
    const move = () => parts.draft.move('refund', from(parts), 'used', parsePoints(points));
    if (message === null) expect(move).not.toThrow();
    else expect(move).toThrow(new RangeError(message));
  });

  it('a move of nothing is no transfer', () => {
    const { draft } = draftOf();
    draft.move('refund', 'used', 'main', parsePoints('0'));
    expect(draft.transfers).toEqual([]);
  });

  it('a draft that is dropped leaves the books as they were', () => {
    const { books } = booksWithHold();
    const was = [
      books.main?.balance,
      books.subAccounts.get('sa_1')?.remaining,
      books.holds.get('m1')?.points,
    ];
    const draft = new Draft(books, books.main as MainAccount);
    const sub = draft.sub('sa_1') as SubAccount;
    draft.move('limit-return', { sub }, 'main', parsePoints('10'));
    draft.move('hold-release', { hold: draft.hold('m1') as Hold }, 'main', parsePoints('10'));
    expect([
      books.main?.balance,
      books.subAccounts.get('sa_1')?.remaining,
      books.holds.get('m1')?.points,
    ]).toEqual(was);
    expect(draft.sub('sa_1')).toBe(sub);
    expect(draft.main.balance).toBe(parsePoints('920'));
  });
});
