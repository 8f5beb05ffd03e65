import { crc32c } from './crc32c.js';
import { decompress } from './decompress.js';
import { type BatchContext, Cursor, FetchedMessage } from './fetched-message.js';
import { DecodeError, UndecodableBatch } from './undecodable.js';

/** Sizes of the fields before a batch's records, and of those before its length counts. */
const HEADER_BYTES = 61;
const LENGTH_BYTES = 12;
const CHECKED_FROM = 21;
const MAGIC = 2;
const COMPRESSION = 0b111;
const LOG_APPEND_TIME = 0x8;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** The last instant that a `Date` can represent. */
const LATEST_MS = 8.64e15;

/**
 * Maximum decompressed size of one batch. Clients make batches of at most one megabyte before compression. A much
 * larger one is an attack.
 */
export const MAX_BATCH_BYTES = 32 * 1024 * 1024;
/**
 * Maximum decompressed size of the batches of one answer. The next fetch gets the rest. The byte limits of a fetch count
 * compressed bytes, so without this a backlog would fill the memory.
 */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Decompressed bytes of an answer so far. Each partition gets at least its first batch, whatever the others used. */
export class DecompressedBytes {
  #left = MAX_ANSWER_BYTES;

  add(bytes: number): void {
    this.#left -= bytes;
  }

  get isUsedUp(): boolean {
    return this.#left <= 0;
  }
}

export interface FetchedBatches {
  messages: FetchedMessage[];
  /** The offset after the last batch that was read, or 0 without one. */
  nextOffset: bigint;
}

/**
 * Reads the complete batches of `bytes[from..to)`. The last batch may be cut off by the byte limit. The next fetch
 * brings it. A batch that cannot be decoded becomes one `UndecodableBatch` (docs/decisions/0023).
 *
 *
 * @param logEnd the offset after the log's last record
 * @throws Error for a bug only, never because of the bytes
 */
export function readBatches(
  bytes: Buffer,
  from: number,
  to: number,
  logEnd: bigint,
  used: DecompressedBytes,
): FetchedBatches {
  const messages: FetchedMessage[] = [];
  let nextOffset = 0n;
  for (let at = from; at + LENGTH_BYTES <= to; ) {
    const end = at + LENGTH_BYTES + bytes.readInt32BE(at + 8);
    if (end > to || (at > from && used.isUsedUp)) break;
    // The length is not credible, so it is unknown where the next batch begins.
    const isFramed = end > at + LENGTH_BYTES;
    const batch = bytes.subarray(at, isFramed ? end : to);
    const before = messages.length;
    try {
      if (!isFramed) throw new DecodeError('the batch has no length');
      readBatch(batch, messages, used);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      messages.length = before;
      const next = isFramed && end + 8 <= to ? bytes.readBigInt64BE(end) : logEnd;
      messages.push(toUndecodable(batch, error, next));
    }
    const last = messages.at(-1);
    nextOffset = last instanceof UndecodableBatch ? last.offset + 1n : lastOffsetOf(batch) + 1n;
    at += batch.length;
  }
  return { messages, nextOffset };
}

const lastOffsetOf = (batch: Buffer): bigint => batch.readBigInt64BE(0) + BigInt(batch.readInt32BE(23));
const isWhole = (batch: Buffer): boolean => batch.length >= HEADER_BYTES && batch[16] === MAGIC;
const hasGoodChecksum = (batch: Buffer): boolean =>
  crc32c(batch, CHECKED_FROM, batch.length) === batch.readUInt32BE(17);

function readBatch(batch: Buffer, messages: FetchedMessage[], used: DecompressedBytes): void {
  if (batch.length < 17) throw new DecodeError('the batch is shorter than its header');
  if (batch[16] !== MAGIC) throw new DecodeError(`message format ${batch[16]}, only ${MAGIC} is read`);
  if (batch.length < HEADER_BYTES) throw new DecodeError('the batch is shorter than its header');
  if (!hasGoodChecksum(batch)) throw new DecodeError('the checksum (CRC-32C) is wrong');
  const codec = batch.readInt16BE(21) & COMPRESSION;
  if (codec === 0) {
    readRecords(batch, batch, HEADER_BYTES, messages);
    return;
  }
  const records = decompress(codec, batch.subarray(HEADER_BYTES), MAX_BATCH_BYTES);
  used.add(records.length);
  readRecords(batch, records, 0, messages);
}

function readRecords(header: Buffer, bytes: Buffer, from: number, messages: FetchedMessage[]): void {
  const firstOffset = header.readBigInt64BE(0);
  const lastDelta = header.readInt32BE(23);
  const attributes = header.readInt16BE(21);
  const firstTimestamp = Number(header.readBigInt64BE(27));
  const maxTimestamp = Number(header.readBigInt64BE(35));
  const batch = contextOf(header);
  const isControl = (attributes & CONTROL) !== 0;
  const isAppendTime = (attributes & LOG_APPEND_TIME) !== 0;
  const cursor = new Cursor(bytes, from);
  for (let left = header.readInt32BE(57); left > 0; left -= 1) {
    const length = cursor.varint();
    const next = cursor.at + length;
    if (!(length > 0 && next <= bytes.length)) throw new DecodeError('a record is longer than its batch');
    cursor.at += 1; // attributes: none in use
    const sinceFirst = cursor.varlong();
    const delta = cursor.varint();
    if (delta < 0 || delta > lastDelta) throw new DecodeError('a record lies outside of its batch');
    const timestamp = isAppendTime ? maxTimestamp : firstTimestamp + sinceFirst;
    messages.push(
      new FetchedMessage(firstOffset + BigInt(delta), timestamp, isControl, batch, bytes, cursor.at),
    );
    cursor.skipField();
    cursor.skipField();
    let fields = 2 * cursor.varint();
    for (; fields > 0 && cursor.at < next; fields -= 1) cursor.skipField();
    if (fields !== 0 || cursor.at !== next) throw new DecodeError('the fields of a record do not fill it');
  }
  if (cursor.at !== bytes.length) throw new DecodeError('the records do not fill the batch');
}

/**
 * Represents the batch at its last offset, as far as its header is credible: below `next`, where the log continues.
 */
function toUndecodable(batch: Buffer, { message }: DecodeError, next: bigint): UndecodableBatch {
  const firstOffset = batch.readBigInt64BE(0);
  const claimed = isWhole(batch) ? lastOffsetOf(batch) : firstOffset;
  let lastOffset = claimed > firstOffset ? claimed : firstOffset;
  if (next > firstOffset && next <= lastOffset) lastOffset = next - 1n;
  // Time and transaction of a header with a wrong checksum are not used: a wrong time would move clocks.
  const isSound = isWhole(batch) && hasGoodChecksum(batch);
  const time = isSound ? Number(batch.readBigInt64BE(35)) : 0;
  const context = isSound ? contextOf(batch) : { producerId: '-1', inTransaction: false };
  const detail = `batch of offsets ${firstOffset} to ${lastOffset}, ${batch.length} bytes: ${message}`;
  return new UndecodableBatch(
    { detail, firstOffset, lastOffset },
    time >= 0 && time <= LATEST_MS ? time : 0,
    context,
    batch,
  );
}

const contextOf = (header: Buffer): BatchContext => ({
  producerId: String(header.readBigInt64BE(43)),
  inTransaction: (header.readInt16BE(21) & TRANSACTIONAL) !== 0,
});
