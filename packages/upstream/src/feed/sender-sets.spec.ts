import { describe, expect, it } from '@jest/globals';
import { NO_PROFILE, SenderSets } from './sender-sets.js';

const [A, B, C] = ['+815011110001', '+815011110002', '+12025550123'] as const;

describe('SenderSets', () => {
  it('has whole numbers only', () => {
    const sets = new SenderSets();
    const two = sets.use([A, B], 'JP');
    expect([A, B, '050-1111-0001'].map((sender) => sets.allows(two, sender))).toEqual([true, true, true]);
    const others = [A.slice(0, -1), '050', '', ' ', `${A} ${B}`, 'JP', `${A}${B}`, C];
    expect(others.filter((sender) => sets.allows(two, sender))).toEqual(['050', 'JP']);
    expect([sets.allows(sets.use([], 'JP'), A), sets.allows(NO_PROFILE, A)]).toEqual([false, false]);
  });

  it('reads a number by its country', () => {
    const sets = new SenderSets();
    const [japan, america] = [sets.use([C], 'JP'), sets.use([C], 'US')];
    expect(japan).not.toBe(america);
    expect([japan, america].map((index) => sets.allows(index, '202-555-0123'))).toEqual([false, true]);
  });

  it('keeps a list once, until its last user is gone', () => {
    const sets = new SenderSets();
    const one = sets.use([A], 'JP');
    expect(sets.use([A], 'JP')).toBe(one);
    sets.release(one);
    expect([sets.size, sets.allows(one, A)]).toEqual([1, true]);
    sets.release(one);
    expect([sets.size, sets.allows(one, A)]).toEqual([0, false]);
    expect(sets.use([B], 'JP')).toBe(one);
  });
});
