import { describe, expect, test } from '@jest/globals';
import kafkajsCrc32c from 'kafkajs/src/protocol/recordBatch/crc32C/index.js';
import { crc32c } from './crc32c.js';

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);

describe('crc32c', () => {
  // RFC 3720, B.4, and the check value of the CRC catalogue.
  test.each([
    ['nothing', new Uint8Array(0), 0],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['ascending', ascending, 0x46dd794e],
    ['descending', ascending.toReversed(), 0x113fdb5c],
  ])('%s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test('of any part at any alignment, as kafkajs', () => {
    const bytes = Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 151 + 43) & 255)).subarray(1);
    for (let from = 0; from < 20; from += 1)
      for (let to = from; to < bytes.length; to += 7)
        expect(crc32c(bytes, from, to)).toBe(kafkajsCrc32c(bytes.subarray(from, to)));
  });
});
