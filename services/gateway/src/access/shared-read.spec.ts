import { describe, expect, it } from '@jest/globals';
import { SharedRead } from './shared-read.js';

function setUp() {
  const gates: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
  const shared = new SharedRead<number>(
    () => new Promise<number>((resolve, reject) => gates.push({ resolve, reject })),
  );
  return { shared, gates };
}
const nextTick = () => new Promise((resolve) => setImmediate(resolve));

describe('SharedRead', () => {
  it('answers callers during a query by one that began after their calls', async () => {
    const { shared, gates } = setUp();
    const first = shared.get('a');
    const others = [shared.get('a'), shared.get('a')];
    expect(gates).toHaveLength(1);
    gates[0]?.resolve(1);
    await expect(first).resolves.toBe(1);
    await nextTick();
    expect(gates).toHaveLength(2);
    gates[1]?.resolve(2);
    await expect(Promise.all(others)).resolves.toEqual([2, 2]);
  });

  it('continues after a failure, which only affects those who shared it', async () => {
    const { shared, gates } = setUp();
    const first = shared.get('a');
    const second = shared.get('a');
    gates[0]?.reject(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await nextTick();
    gates[1]?.resolve(2);
    await expect(second).resolves.toBe(2);
    const third = shared.get('a');
    gates[2]?.resolve(3);
    await expect(third).resolves.toBe(3);
  });

  it('reads different keys beside each other, and keeps nothing', async () => {
    const { shared, gates } = setUp();
    const both = [shared.get('a'), shared.get('b')];
    expect(gates).toHaveLength(2);
    for (const gate of gates) gate.resolve(1);
    await Promise.all(both);
    await nextTick();
    void shared.get('a');
    expect(gates).toHaveLength(3);
  });
});
