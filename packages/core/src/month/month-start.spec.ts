import { describe, expect, it } from '@jest/globals';
import type { MainAccount } from '../state.js';
import { Scenario } from '../testing/scenario.js';
import { opened, run } from '../testing/table.js';
import { MonthStart } from './month-start.js';

/** What the parts hold is judged at every roll of every other spec (`testing/auditor-parts.ts`). */
describe('the parts of a month start: a number of sub-accounts each, the summary with the last', () => {
  const start = (subAccounts: number) => {
    const scenario = new Scenario({ balance: '1000' });
    for (let number = 0; number < subAccounts; number += 1) opened('10', `sa_${number}`)(scenario);
    opened('10', 'gone')(scenario);
    run('sub-account.delete', { subAccountId: 'gone' })(scenario);
    const main = scenario.books.main as MainAccount;
    return new MonthStart(scenario.books, main, main.nextMonthStart);
  };

  it.each<[subAccounts: number, size: number, events: number[]]>([
    [0, 1, [1]],
    [1, 1, [2]],
    [2, 1, [1, 2]],
    [3, 1, [1, 1, 2]],
    [3, 2, [2, 2]],
    [4, 2, [2, 3]],
    [3, 3, [4]],
    [3, 10, [4]],
    [3, Number.POSITIVE_INFINITY, [4]],
  ])('%i sub-accounts, %f at a time: %j events', (subAccounts, size, events) => {
    const month = start(subAccounts);
    expect(month.events).toBe(subAccounts + 1);
    expect([...month.parts(size)].map((part) => part.events.length)).toEqual(events);
  });

  it('can be made again: nothing is kept from one time to the next', () => {
    const month = start(3);
    expect([...month.parts(2)]).toEqual([...month.parts(2)]);
  });
});
