import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BatchCoalescer } from './batch-coalescer.js';

function setUp(maxItems = 4) {
  const pieces: number[][] = [];
  const gates: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const merged = new BatchCoalescer<number>(
    (items) => {
      pieces.push([...items]);
      return new Promise<void>((resolve, reject) => gates.push({ resolve, reject }));
    },
    { maxItems, isUrgent: (item) => item < 100, restMs: 1_000 },
  );
  const nextTick = () => jest.advanceTimersByTimeAsync(1);
  return { merged, pieces, gates, nextTick };
}

describe('BatchCoalescer', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('begins at once, and takes together what comes meanwhile, up to its size', async () => {
    const { merged, pieces, gates, nextTick } = setUp();
    const first = merged.add([1]);
    const others = [merged.add([2, 3]), merged.add([4]), merged.add([5, 6])];
    expect(pieces).toEqual([[1]]);
    gates[0]?.resolve();
    await first;
    await nextTick();
    expect(pieces).toEqual([[1], [2, 3, 4]]);
    gates[1]?.resolve();
    await nextTick();
    expect(pieces).toEqual([[1], [2, 3, 4], [5, 6]]);
    gates[2]?.resolve();
    await Promise.all(others);
  });

  it('keeps what one caller gave together, however much', () => {
    const { merged, pieces } = setUp(2);
    void merged.add([1, 2, 3]);
    expect(pieces).toEqual([[1, 2, 3]]);
  });

  it('reports a failure to the callers of its batch, and continues', async () => {
    const { merged, gates, nextTick } = setUp();
    const first = merged.add([1]);
    const second = merged.add([2]);
    gates[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await nextTick();
    gates[1]?.resolve();
    await second;
  });

  it('delays items that are not urgent, until an urgent one takes them along', async () => {
    const { merged, pieces, gates, nextTick } = setUp();
    void merged.add([101]);
    gates[0]?.resolve();
    await nextTick();
    void merged.add([102]);
    await nextTick();
    expect(pieces).toEqual([[101]]);
    void merged.add([3]);
    expect(pieces).toEqual([[101], [102, 3]]);
    gates[1]?.resolve();
    await nextTick();
  });

  describe('with what is urgent', () => {
    /** A piece has just ended that took 30 ms. */
    async function afterOneOf30Ms() {
      const { merged, pieces, gates } = setUp();
      void merged.add([1]);
      await jest.advanceTimersByTimeAsync(30);
      gates[0]?.resolve();
      return { merged, pieces };
    }

    it('rests as long as the piece before it took', async () => {
      const { merged, pieces } = await afterOneOf30Ms();
      await jest.advanceTimersByTimeAsync(0);
      void merged.add([2]);
      await jest.advanceTimersByTimeAsync(20);
      void merged.add([3]);
      expect(pieces).toEqual([[1]]);
      await jest.advanceTimersByTimeAsync(15);
      expect(pieces).toEqual([[1], [2, 3]]);
    });

    it('goes at once where that was longer ago', async () => {
      const { merged, pieces } = await afterOneOf30Ms();
      await jest.advanceTimersByTimeAsync(40);
      void merged.add([2]);
      expect(pieces).toEqual([[1], [2]]);
    });
  });
});
