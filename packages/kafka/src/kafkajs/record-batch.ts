import zlib from 'node:zlib';
import type { OutgoingRecord } from '../config.js';
import { crc32c } from './crc32c.js';
import { type Frame, sizeOfVarint } from './frame.js';

const MAGIC = 2;
const TRANSACTIONAL = 16;
/** The number of the codec in a batch's attributes, and in a produce request of kafkajs. */
export const ZSTD = 4;
/** Less than this is not compressed: one or two events gain little, and each call costs some 50 µs. */
const MIN_COMPRESSED_BYTES = 4_096;
/** Higher levels save nothing here, and cost up to four times as much (docs/performance.md). */
const LEVEL = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };
/** Sizes of the fields before the records, and of those that the length field does not count. */
const HEADER_BYTES = 61;
const LENGTH_BYTES = 12;
/** Where two of them are. */
const LENGTH_AT = 8;
const ATTRIBUTES_AT = 21;
/** Measures of each record: bytes of key and value (-1: null), and of the headers with their count. */
const FIELDS = 3;

export interface BatchWriter {
  producerId: bigint;
  producerEpoch: number;
  firstSequence: number;
  isTransactional: boolean;
  timestampMs: number;
  /** 0 (none) or `ZSTD`. */
  compression: number;
}

/**
 * Records of one partition with their UTF-8 sizes, computed once. They decide both the buffer size and the varints.
 */
export interface MeasuredBatch {
  records: readonly OutgoingRecord[];
  lengths: Int32Array;
  /** Of the whole batch. */
  bytes: number;
}

export function measureBatch(records: readonly OutgoingRecord[]): MeasuredBatch {
  const lengths = new Int32Array(records.length * FIELDS);
  let bytes = HEADER_BYTES;
  for (let i = 0; i < records.length; i += 1) {
    const { key, value, headers } = records[i]!;
    const at = i * FIELDS;
    lengths[at] = lengthOf(key);
    lengths[at + 1] = lengthOf(value);
    lengths[at + 2] = headers === undefined ? 1 : headersSize(headers);
    const body = bodySize(lengths, i);
    bytes += sizeOfVarint(body) + body;
  }
  return { records, lengths, bytes };
}

/**
 * Writes one record batch (magic 2, one time for all records), as Kafka's `DefaultRecordBatch` describes it. What is
 * compressed is first written as it is, because the frame has room for it.
 * @returns its bytes: the measured size, or less if it is compressed
 * @throws Error if its size differs from the measured size: a bug
 */
export function writeBatch(frame: Frame, batch: MeasuredBatch, writer: BatchWriter): number {
  const { records, lengths, bytes } = batch;
  const start = frame.end;
  frame.int64(0n); // first offset: the broker's to give
  frame.int32(bytes - LENGTH_BYTES);
  frame.int32(0); // leader epoch: the broker's too
  frame.int8(MAGIC);
  const crcAt = frame.end;
  frame.int32(0);
  frame.int16(writer.isTransactional ? TRANSACTIONAL : 0);
  frame.int32(records.length - 1);
  const timestamp = BigInt(writer.timestampMs);
  frame.int64(timestamp); // first
  frame.int64(timestamp); // greatest
  frame.int64(writer.producerId);
  frame.int16(writer.producerEpoch);
  frame.int32(writer.firstSequence);
  frame.int32(records.length);
  for (let i = 0; i < records.length; i += 1) writeRecord(frame, records[i]!, lengths, i);
  // Otherwise a length would contradict its field, and the broker would read garbage.
  if (frame.end - start !== bytes) throw new Error('A record batch came out longer or shorter than measured');
  if (writer.compression === ZSTD) compress(frame, start);
  frame.bytes.writeUInt32BE(crc32c(frame.bytes, crcAt + 4, frame.end), crcAt);
  return frame.end - start;
}

/** Replaces the records of the batch that begins at `start` by their compressed form, if that is shorter. */
function compress(frame: Frame, start: number): void {
  const records = start + HEADER_BYTES;
  if (frame.end - records < MIN_COMPRESSED_BYTES) return;
  const compressed = zlib.zstdCompressSync(frame.bytes.subarray(records, frame.end), LEVEL);
  if (compressed.length >= frame.end - records) return;
  frame.bytes.set(compressed, records);
  frame.end = records + compressed.length;
  frame.bytes.writeInt32BE(frame.end - start - LENGTH_BYTES, start + LENGTH_AT);
  frame.bytes.writeInt16BE(frame.bytes.readInt16BE(start + ATTRIBUTES_AT) | ZSTD, start + ATTRIBUTES_AT);
}

function writeRecord(frame: Frame, record: OutgoingRecord, lengths: Int32Array, index: number): void {
  frame.varint(bodySize(lengths, index));
  frame.bytes[frame.end++] = 0; // attributes: none in use
  frame.bytes[frame.end++] = 0; // milliseconds since the batch's timestamp
  frame.varint(index);
  writeField(frame, record.key, lengths[index * FIELDS]!);
  writeField(frame, record.value, lengths[index * FIELDS + 1]!);
  const { headers } = record;
  if (headers === undefined) {
    frame.bytes[frame.end++] = 0;
    return;
  }
  const names = Object.keys(headers);
  frame.varint(names.length);
  for (const name of names) {
    const value = headers[name]!;
    writeField(frame, name, Buffer.byteLength(name));
    writeField(frame, value, Buffer.byteLength(value));
  }
}

function writeField(frame: Frame, value: string | Buffer | null, length: number): void {
  frame.varint(length);
  if (value === null) return;
  if (typeof value === 'string') frame.text(value, length);
  else frame.raw(value);
}

function bodySize(lengths: Int32Array, index: number): number {
  const at = index * FIELDS;
  return 2 + sizeOfVarint(index) + fieldSize(lengths[at]!) + fieldSize(lengths[at + 1]!) + lengths[at + 2]!;
}

function headersSize(headers: Record<string, string>): number {
  const names = Object.keys(headers);
  let size = sizeOfVarint(names.length);
  for (const name of names) {
    size += fieldSize(Buffer.byteLength(name)) + fieldSize(Buffer.byteLength(headers[name]!));
  }
  return size;
}

function lengthOf(value: string | Buffer | null): number {
  if (value === null) return -1;
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

function fieldSize(length: number): number {
  return sizeOfVarint(length) + (length > 0 ? length : 0);
}
