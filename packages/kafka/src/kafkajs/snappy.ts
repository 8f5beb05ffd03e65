import { BlockWriter } from './block-writer.js';
import { DecodeError } from './undecodable.js';

const LITERAL = 0;
const NEAR_COPY = 1;
const FAR_COPY = 2;

/** Framing of snappy-java, which Java clients use: this magic, two versions, then blocks prefixed by their length. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/**
 * Decompresses snappy (its format_description.txt), raw as librdkafka writes it or in xerial's framing.
 *
 *
 * @throws DecodeError if it is not snappy, or if more than `maxBytes` are decompressed
 */
export function unsnappy(input: Buffer, maxBytes: number): Buffer {
  if (!input.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return unsnappyRaw(input, maxBytes);
  const blocks: Buffer[] = [];
  let bytesLeft = maxBytes;
  for (let at = XERIAL_HEADER_BYTES; at < input.length; ) {
    if (at + 4 > input.length) throw new DecodeError('snappy: a block has no length');
    const to = at + 4 + input.readUInt32BE(at);
    if (to > input.length) throw new DecodeError('snappy: a block is cut off');
    const block = unsnappyRaw(input.subarray(at + 4, to), bytesLeft);
    bytesLeft -= block.length;
    blocks.push(block);
    at = to;
  }
  return Buffer.concat(blocks);
}

function unsnappyRaw(input: Buffer, maxBytes: number): Buffer {
  const { length, after } = readLength(input);
  if (length > maxBytes) throw new DecodeError(`snappy: more than ${maxBytes} bytes decompressed`);
  const writer = new BlockWriter(input, after, length);
  while (writer.at < input.length) {
    const tag = writer.uint(1);
    const kind = tag & 3;
    if (kind === LITERAL) {
      const shortLength = tag >>> 2;
      writer.literal(shortLength < 60 ? shortLength + 1 : writer.uint(shortLength - 59) + 1);
    } else if (kind === NEAR_COPY) {
      writer.copy(((tag >>> 5) << 8) | writer.uint(1), ((tag >>> 2) & 7) + 4);
    } else {
      writer.copy(writer.uint(kind === FAR_COPY ? 2 : 4), (tag >>> 2) + 1);
    }
  }
  if (writer.written !== length) throw new DecodeError('snappy: shorter than it says');
  return writer.output;
}

/** A little-endian base-128 number of at most 32 bits. */
function readLength(input: Buffer): { length: number; after: number } {
  let length = 0;
  for (let after = 0; after < 5; after += 1) {
    const byte = input[after];
    if (byte === undefined) break;
    length += (byte & 127) * 2 ** (7 * after);
    if (byte < 128) return { length, after: after + 1 };
  }
  throw new DecodeError('snappy: no length');
}
