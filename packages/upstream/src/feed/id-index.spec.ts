import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IdIndex } from './id-index.js';

describe('IdIndex', () => {
  it('is a map whose rows are dense and reused', () => {
    const id = fc.integer({ min: 0, max: 40 }).map((n) => `sa_${'x'.repeat(n % 7)}${n}`);
    const step = fc.tuple(fc.constantFrom('add', 'add', 'remove'), id);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const index = new IdIndex();
        const model = new Map<string, number>();
        let most = 0;
        for (const [what, one] of steps) {
          if (what === 'add') {
            const row = index.add(one);
            if (model.has(one)) expect(row).toBe(model.get(one));
            else expect([...model.values()]).not.toContain(row);
            model.set(one, row);
          } else {
            index.remove(one);
            model.delete(one);
          }
          most = Math.max(most, model.size);
          expect(index.size).toBe(model.size);
        }
        for (const row of model.values()) expect(row).toBeLessThan(most);
        for (let n = 0; n <= 40; n += 1) {
          const one = `sa_${'x'.repeat(n % 7)}${n}`;
          expect(index.get(one)).toBe(model.get(one));
        }
        expect([...index.ids()].sort()).toEqual([...model.keys()].sort());
      }),
    );
  });

  it('grows, and survives any number of removals', () => {
    const index = new IdIndex();
    for (let n = 0; n < 20_000; n += 1) expect(index.add(`sa_${n}`)).toBe(n);
    for (let n = 0; n < 20_000; n += 1) expect(index.get(`sa_${n}`)).toBe(n);
    // Out of the midst of chains of ids that share a place.
    for (let n = 0; n < 20_000; n += 3) index.remove(`sa_${n}`);
    for (let n = 0; n < 20_000; n += 1) expect(index.get(`sa_${n}`)).toBe(n % 3 === 0 ? undefined : n);
    for (let n = 19_998; n >= 0; n -= 3) index.add(`sa_${n}`);
    for (let n = 0; n < 50_000; n += 1) {
      index.add(`sa_passing_${n}`);
      index.remove(`sa_passing_${n}`);
    }
    expect([index.size, index.get('sa_19999'), index.get('sa_passing_1'), index.get('sa_é')]).toEqual([
      20_000,
      19_999,
      undefined,
      undefined,
    ]);
  });
});
