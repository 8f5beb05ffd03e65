import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DuplicateKeyError, readJson } from './read-json.js';

describe('JSON', () => {
  it.each([
    '{"points":"1","points":"500000"}',
    '{"data":{"points":"1","points":"1"}}',
    '[{"a":[{"b":1 , "b"\n:\t2}]}]',
    '{"a":1,"\\u0061":2}',
    '{"a\\"":1,"a\\"":2}',
    '{"\\\\":1,"\\\\":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
    '{"1":1,"1":2}',
  ])('%s has a key twice', (text) => {
    expect(() => readJson(text)).toThrow(DuplicateKeyError);
  });

  it.each([
    '{"a":{"a":{"a":1}},"b":["a","a"]}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\"b\\":1,\\"b\\":2","c":"x\\\\"}',
    '{"a":":","b":"\\\\\\":"}',
    '{"__proto__":1,"constructor":{"prototype":1},"10":1,"9":2}',
    ' "text" ',
    '5',
    'null',
  ])('%s has not', (text) => {
    expect(readJson(text)).toEqual(JSON.parse(text));
  });

  it('of any kind is read as it is', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 1, 3), (text, indent) => {
        const written = JSON.stringify(JSON.parse(text), null, indent);
        expect(JSON.stringify(readJson(written))).toBe(JSON.stringify(JSON.parse(written)));
      }),
    );
  });

  it('with any key repeated is refused', () => {
    const object = fc.dictionary(fc.string(), fc.json(), { minKeys: 1 });
    fc.assert(
      fc.property(object, fc.nat(), (fields, number) => {
        const members = Object.entries(fields).map(([key, json]) => `${JSON.stringify(key)}:${json}`);
        const again = members[number % members.length] as string;
        expect(() => readJson(`{${[...members, again].join(',')}}`)).toThrow(DuplicateKeyError);
      }),
    );
  });

  it('is refused if it nests too deeply to be walked', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(readJson(nested(60))).toBeDefined();
    expect(() => readJson(nested(100_000))).toThrow(SyntaxError);
    expect(() => readJson('{"a":')).toThrow(SyntaxError);
  });
});
