import { describe, expect, test } from '@jest/globals';
import { applyByHalves } from './halving.js';

describe('applyByHalves', () => {
  test.each([
    ['none', [], [], []],
    ['all at once', [1, 2, 3], [[1, 2, 3]], []],
    [
      'without the one that is refused',
      [1, 2, -3, 4, 5],
      [
        [1, 2],
        [4, 5],
      ],
      [-3],
    ],
    ['without both of a half', [-1, -2, 3, 4], [[3, 4]], [-1, -2]],
  ])('applies %s', async (_what, items, applied, refused) => {
    const done: number[][] = [];
    const alone: number[] = [];
    await applyByHalves<number>(
      items,
      async (some) => {
        if (some.some((item) => item < 0)) throw new Error('refused');
        done.push([...some]);
      },
      (item) => void alone.push(item),
    );
    expect(done).toEqual(applied);
    expect(alone).toEqual(refused);
  });

  test('an outage is thrown at once, and no item is refused', async () => {
    const outage = Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    let calls = 0;
    const applying = applyByHalves(
      [1, 2],
      async () => {
        calls += 1;
        throw outage;
      },
      () => {
        throw new Error('refused for an outage');
      },
    );
    await expect(applying).rejects.toBe(outage);
    expect(calls).toBe(1);
  });
});
