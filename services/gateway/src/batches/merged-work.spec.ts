import { describe, expect, it } from '@jest/globals';
import { MergedWork } from './merged-work.js';

function setUp(maxItems = 4) {
  const pieces: number[][] = [];
  const gates: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const merged = new MergedWork<number>(
    (items) => {
      pieces.push([...items]);
      return new Promise<void>((resolve, reject) => gates.push({ resolve, reject }));
    },
    { maxItems, isUrgent: (item) => item < 100, restMs: 1_000 },
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { merged, pieces, gates, turn };
}

describe('MergedWork', () => {
  it('begins at once, and takes together what comes meanwhile, up to its size', async () => {
    const { merged, pieces, gates, turn } = setUp();
    const first = merged.add([1]);
    const others = [merged.add([2, 3]), merged.add([4]), merged.add([5, 6])];
    expect(pieces).toEqual([[1]]);
    gates[0]?.resolve();
    await first;
    await turn();
    expect(pieces).toEqual([[1], [2, 3, 4]]);
    gates[1]?.resolve();
    await turn();
    expect(pieces).toEqual([[1], [2, 3, 4], [5, 6]]);
    gates[2]?.resolve();
    await Promise.all(others);
  });

  it('keeps what one caller gave together, however much', () => {
    const { merged, pieces } = setUp(2);
    void merged.add([1, 2, 3]);
    expect(pieces).toEqual([[1, 2, 3]]);
  });

  it('tells a failure to those who were in it, and goes on', async () => {
    const { merged, gates, turn } = setUp();
    const first = merged.add([1]);
    const second = merged.add([2]);
    gates[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await turn();
    gates[1]?.resolve();
    await second;
  });

  it('lets what nobody waits for rest, and what is urgent goes at once, with all that rests', async () => {
    const { merged, pieces, gates, turn } = setUp();
    void merged.add([101]);
    gates[0]?.resolve();
    await turn();
    void merged.add([102]);
    await turn();
    expect(pieces).toEqual([[101]]);
    void merged.add([3]);
    expect(pieces).toEqual([[101], [102, 3]]);
    gates[1]?.resolve();
    await turn();
  });
});
