import { describe, expect, it } from '@jest/globals';
import { PayloadWriter } from './payload-writer.js';

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
