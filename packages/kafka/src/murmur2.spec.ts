import { describe, expect, test } from '@jest/globals';
import { murmur2, partitionFor } from './murmur2.js';

describe('murmur2', () => {
  // From Kafka's own UtilsTest.testMurmur2.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('%s hashes as in Java', (text, expected) => {
    expect(murmur2(Buffer.from(text))).toBe(expected);
  });

  test('a negative hash gives a partition within range, by masking the sign', () => {
    expect(partitionFor('21', 12)).toBe((-973932308 & 0x7fffffff) % 12);
    for (let i = 0; i < 1_000; i += 1) {
      const partition = partitionFor(`key-${i}`, 12);
      expect(partition >= 0 && partition < 12).toBe(true);
    }
  });

  test('bytes above 127 are read as unsigned', () => {
    expect(partitionFor('Zürich', 1_000)).toBe((murmur2(Buffer.from('Zürich', 'utf8')) & 0x7fffffff) % 1_000);
    expect(murmur2(Buffer.from([0xff, 0xfe, 0xfd, 0xfc, 0xfb]))).not.toBe(0);
  });
});
