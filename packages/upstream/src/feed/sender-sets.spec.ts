import { describe, expect, it } from '@jest/globals';
import { NO_PROFILE, SenderSets } from './sender-sets.js';

describe('SenderSets', () => {
  it('has whole numbers only', () => {
    const sets = new SenderSets();
    const two = sets.use(['+8150', '+8160']);
    expect(['+8150', '+8160'].map((sender) => sets.has(two, sender))).toEqual([true, true]);
    const others = ['+815', '8150', '', ' ', '+8150 +8160', ' +8150', '+8170'];
    expect(others.filter((sender) => sets.has(two, sender))).toEqual([]);
    expect([sets.has(sets.use([]), ''), sets.has(NO_PROFILE, '+8150')]).toEqual([false, false]);
  });

  it('keeps a list once, until nobody uses it', () => {
    const sets = new SenderSets();
    const one = sets.use(['+8150']);
    expect(sets.use(['+8150'])).toBe(one);
    sets.release(one);
    expect([sets.size, sets.has(one, '+8150')]).toEqual([1, true]);
    sets.release(one);
    expect([sets.size, sets.has(one, '+8150')]).toEqual([0, false]);
    expect(sets.use(['+8160'])).toBe(one);
  });
});
