import { BlockWriter } from './block-writer.js';
import { DecodeError } from './undecodable.js';

const FRAME_MAGIC = 0x184d2204;
const VERSION = 0b01;
const HAS_BLOCK_CHECKSUMS = 0x10;
const HAS_CONTENT_SIZE = 0x08;
const HAS_DICTIONARY = 0x01;
const IS_UNCOMPRESSED = 0x80000000;
const MIN_MATCH = 4;
const FIRST_BYTES = 64 * 1024;

/**
 * Decompresses an LZ4 frame (lz4_Frame_format.md), as Kafka's clients write it. The frame's own checksums are
 * skipped, because the batch around it has one.
 *
 *
 * @throws DecodeError if it is not such a frame, or if more than `maxBytes` are decompressed
 */
export function unlz4(input: Buffer, maxBytes: number): Buffer {
  const { at: firstBlock, hasBlockChecksums, contentBytes } = readHeader(input);
  let output: Buffer = Buffer.allocUnsafe(Math.min(contentBytes ?? FIRST_BYTES, maxBytes));
  let written = 0;
  for (let at = firstBlock; ; ) {
    if (at + 4 > input.length) throw new DecodeError('lz4: the frame has no end');
    const size = input.readUInt32LE(at);
    if (size === 0) return output.subarray(0, written);
    const bytes = size & ~IS_UNCOMPRESSED;
    const block = input.subarray(at + 4, at + 4 + bytes);
    if (block.length < bytes) throw new DecodeError('lz4: a block is cut off');
    const isUncompressed = (size & IS_UNCOMPRESSED) !== 0;
    const needed = written + (isUncompressed ? bytes : measure(block));
    if (needed > maxBytes) throw new DecodeError(`lz4: more than ${maxBytes} bytes decompressed`);
    if (needed > output.length) output = enlarged(output, written, needed, maxBytes);
    const writer = new BlockWriter(block, 0, needed, output, written);
    if (isUncompressed) writer.literal(bytes);
    else readBlock(writer, block.length);
    written = writer.written;
    at += 4 + bytes + (hasBlockChecksums ? 4 : 0);
  }
}

function readHeader(input: Buffer): {
  at: number;
  hasBlockChecksums: boolean;
  contentBytes: number | undefined;
} {
  if (input.length < 7 || input.readUInt32LE(0) !== FRAME_MAGIC) throw new DecodeError('lz4: not a frame');
  const flags = input[4]!;
  if (flags >>> 6 !== VERSION) throw new DecodeError('lz4: a frame of an unknown version');
  if ((flags & HAS_DICTIONARY) !== 0) throw new DecodeError('lz4: needs a dictionary');
  const hasSize = (flags & HAS_CONTENT_SIZE) !== 0;
  if (hasSize && input.length < 15) throw new DecodeError('lz4: the header is cut off');
  return {
    at: hasSize ? 15 : 7,
    hasBlockChecksums: (flags & HAS_BLOCK_CHECKSUMS) !== 0,
    contentBytes: hasSize ? Number(input.readBigUInt64LE(6)) : undefined,
  };
}

function enlarged(output: Buffer, written: number, needed: number, maxBytes: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(needed, Math.min(2 * output.length, maxBytes)));
  output.copy(larger, 0, 0, written);
  return larger;
}

/** Sequences of literals and a copy. The last sequence has no copy. */
function readBlock(writer: BlockWriter, end: number): void {
  for (;;) {
    const token = writer.uint(1);
    writer.literal(readLength(writer, token >>> 4));
    if (writer.at === end) return;
    const distance = writer.uint(2);
    writer.copy(distance, readLength(writer, token & 15) + MIN_MATCH);
  }
}

/** Decompressed size of a block. A block does not state its size, and a small block may expand to gigabytes. */
function measure(block: Buffer): number {
  const reader = new BlockWriter(block, 0, 0, EMPTY);
  for (let bytes = 0; ; ) {
    const token = reader.uint(1);
    const literals = readLength(reader, token >>> 4);
    bytes += literals;
    reader.at += literals;
    if (reader.at >= block.length) return bytes;
    reader.at += 2;
    bytes += readLength(reader, token & 15) + MIN_MATCH;
  }
}
const EMPTY = Buffer.alloc(0);

/** Four bits of a token. If they are 15, the length continues in the following bytes, until one is not 255. */
function readLength(reader: BlockWriter, nibble: number): number {
  let length = nibble;
  if (nibble === 15)
    for (let byte = 255; byte === 255; ) {
      byte = reader.uint(1);
      length += byte;
    }
  return length;
}
