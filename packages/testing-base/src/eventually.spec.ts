import { describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';

describe('eventually', () => {
  it('waits through failures and empty answers, and gives the first good one', async () => {
    let asked = 0;
    const answer = await eventually(
      () => {
        asked += 1;
        if (asked === 1) throw new Error('not yet');
        return asked === 2 ? undefined : 0;
      },
      { everyMs: 1 },
    );
    expect([answer, asked]).toEqual([0, 3]);
  });

  it('ends with what was awaited and the last failure', async () => {
    const attempt = () => Promise.reject(new Error('still 409'));
    await expect(eventually(attempt, { timeoutMs: 20, everyMs: 5, what: 'the balance' })).rejects.toThrow(
      'Within 20 ms the balance did not come true: still 409',
    );
  });
});
