import zlib from 'node:zlib';
import { unlz4 } from './lz4.js';
import { unsnappy } from './snappy.js';
import { DecodeError } from './undecodable.js';

/** By the codec number in a batch's attributes. 0 means no compression. */
const CODECS: readonly (((bytes: Buffer, maxBytes: number) => Buffer) | undefined)[] = [
  undefined,
  (bytes, maxOutputLength) => byZlib('gzip', () => zlib.gunzipSync(bytes, { maxOutputLength })),
  unsnappy,
  unlz4,
  (bytes, maxOutputLength) => byZlib('zstd', () => zlib.zstdDecompressSync(bytes, { maxOutputLength })),
];

/**
 * The records of a compressed batch.
 *
 * @throws DecodeError for an unknown codec, bytes that are not of the codec, or more than `maxBytes` decompressed
 */
export function decompress(codec: number, bytes: Buffer, maxBytes: number): Buffer {
  const read = CODECS[codec];
  if (!read) throw new DecodeError(`unknown compression codec ${codec}`);
  return read(bytes, maxBytes);
}

function byZlib(name: string, read: () => Buffer): Buffer {
  try {
    return read();
  } catch (error) {
    const { code = 'failed' } = error as { code?: string };
    throw new DecodeError(`${name}: ${code}`);
  }
}
