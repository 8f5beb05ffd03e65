import { describe, expect, test } from '@jest/globals';
import { streamToDisplace } from './fair-share.js';

describe('where all places are taken', () => {
  test.each([
    ['one who has most of them gives one up', ['a', 'a', 'a', 'b'], 'c', 'a'],
    ['one who has one of them keeps it', ['a', 'b', 'c'], 'd', undefined],
    ['one who has one more than the newcomer keeps it', ['a', 'a', 'b'], 'b', undefined],
    ['one who has two more than the newcomer does not', ['a', 'a', 'a', 'b'], 'b', 'a'],
    ['a newcomer who has most waits', ['a', 'a', 'a', 'b'], 'a', undefined],
    ['nobody gives up what nobody has', [], 'a', undefined],
  ])('%s', (_what, taken, newcomer, gives) => {
    expect(streamToDisplace(taken, newcomer)).toBe(gives);
  });
});
