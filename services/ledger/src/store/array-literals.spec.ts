import { describe, expect, it } from '@jest/globals';
import { plainArray, textArray } from './array-literals.js';
import { PayloadWriter } from './payload-writer.js';

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

describe('payloads', () => {
  it('are in one buffer and in parts, also beyond ASCII and beyond the first size', () => {
    const texts = [
      '{"a":1}',
      '{"b":"注文 ☎"}',
      ...Array.from({ length: 300 }, (_, i) => `{"n":"${'é'.repeat(i)}"}`),
    ];
    const writer = new PayloadWriter(1);
    for (const text of texts) writer.append(text);
    expect(writer.count).toBe(texts.length);
    expect(writer.whole.toString('utf8').split('\u001e')).toEqual(texts);
    expect(writer.parts().map((part) => part.toString('utf8'))).toEqual(texts);
  });
});
