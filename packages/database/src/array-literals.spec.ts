import { describe, expect, it } from '@jest/globals';
import { plainArray, textArray } from './array-literals.js';

describe('array literals', () => {
  it.each([
    [[], '{}'],
    [[1, 2n, null, true], '{1,2,NULL,true}'],
    [[-5n], '{-5}'],
  ])('of plain values %#', (values, text) => {
    expect(plainArray(values)).toBe(text);
  });

  it.each([
    [[], '{}'],
    [['a', null, ''], '{"a",NULL,""}'],
    [['NULL', 'a,b', '{x}', ' '], '{"NULL","a,b","{x}"," "}'],
    [['a"b\\c'], '{"a\\"b\\\\c"}'],
  ])('of texts %#', (values, text) => {
    expect(textArray(values)).toBe(text);
  });
});
