import { promisify } from 'node:util';
import { constants, crc32, zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/**
 * The journal's rows are blocks: successive events of a lane, their JSON exactly as published, in one value. This file
 * alone knows the format.
 *
 * Format 1: the texts as UTF-8, separated by `SEPARATOR`, compressed by zstd. The checksum is the CRC-32 of the
 * compressed value. Format 0 is the same without compression, for what is too short to gain by it.
 */

/** ASCII record separator. JSON escapes control characters, so it never occurs in a JSON text. */
export const SEPARATOR = 0x1e;
/** Most events of a block. A reader of one event reads its whole block. */
export const BLOCK_EVENTS = 1_000;
const PLAIN = 0;
const ZSTD = 1;
/** Shorter values are not compressed: the dictionary of one event's own text gains little. */
const MIN_COMPRESSED_BYTES = 512;
/** From here on another thread compresses. Handing a value over costs about 50 µs, as much as compressing 20 kB. */
const MIN_ASYNC_BYTES = 32 * 1_024;
/** By measurement (docs/performance.md): higher levels save nothing, and cost up to four times as much. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const compressAsync = promisify(zstdCompress);

/** A block before it is encoded. Its events have successive lane sequences and broker times of one month (UTC). */
export interface JournalBlock {
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
  /** Broker time of the first event, ISO. */
  readonly at: string;
  /** The events' JSON, separated by `SEPARATOR`. */
  readonly payloads: Buffer;
}

/** The value of a block as it is stored. */
interface EncodedValue {
  readonly format: number;
  /** CRC-32 of `payload`. */
  readonly checksum: number;
  readonly payload: Buffer;
}

export type EncodedBlock = JournalBlock & EncodedValue;

/** A block as it is read. */
export interface StoredBlock extends EncodedValue {
  readonly lane: number;
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
  readonly generation: number;
}

/** A stored block that is not what was written. The message names it. */
export class DamagedBlockError extends Error {
  override readonly name = 'DamagedBlockError';

  constructor(
    readonly block: Pick<StoredBlock, 'lane' | 'firstSequence' | 'lastSequence'>,
    problem: string,
  ) {
    const { lane, firstSequence, lastSequence } = block;
    super(`journal block ${firstSequence} to ${lastSequence} of lane ${lane} is damaged: ${problem}`);
  }
}

const encoded = (block: JournalBlock, format: number, payload: Buffer): EncodedBlock => ({
  ...block,
  format,
  checksum: crc32(payload),
  payload,
});

/** Encodes a block on this thread. */
export function encodeBlock(block: JournalBlock): EncodedBlock {
  const { payloads } = block;
  if (payloads.length < MIN_COMPRESSED_BYTES) return encoded(block, PLAIN, payloads);
  return encoded(block, ZSTD, zstdCompressSync(payloads, LEVEL));
}

/** Encodes blocks; long ones on other threads, so that the lane goes on meanwhile. */
export function encodeBlocks(blocks: readonly JournalBlock[]): Promise<EncodedBlock[]> {
  return Promise.all(
    blocks.map(async (block) =>
      block.payloads.length < MIN_ASYNC_BYTES
        ? encodeBlock(block)
        : encoded(block, ZSTD, await compressAsync(block.payloads, LEVEL)),
    ),
  );
}

/**
 * The events' JSON texts of a block, in order: the one at index 0 has the lane sequence `firstSequence`.
 * @throws DamagedBlockError
 */
export function decodeBlock(block: StoredBlock): string[] {
  const texts = decompressed(block).toString('utf8').split(String.fromCharCode(SEPARATOR));
  const events = Number(block.lastSequence - block.firstSequence) + 1;
  if (texts.length !== events) throw new DamagedBlockError(block, `${texts.length} of ${events} events`);
  return texts;
}

function decompressed(block: StoredBlock): Buffer {
  const { format, checksum, payload } = block;
  if (crc32(payload) !== checksum) throw new DamagedBlockError(block, 'its checksum does not fit');
  if (format === PLAIN) return payload;
  if (format !== ZSTD) throw new DamagedBlockError(block, `format ${format} is unknown`);
  try {
    return zstdDecompressSync(payload);
  } catch (error) {
    throw new DamagedBlockError(block, String(error));
  }
}
