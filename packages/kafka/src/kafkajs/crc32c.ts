/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 16;

/** `TABLES[256 * n + b]`: the effect of byte `b` on the checksum if `n` more bytes follow it in its batch. */
const TABLES = createTables();

function createTables(): Int32Array {
  const tables = new Int32Array(256 * SLICES);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i += 1) {
    const shorter = tables[i - 256]!;
    tables[i] = (shorter >>> 8) ^ tables[shorter & 255]!;
  }
  return tables;
}

/**
 * CRC-32C (RFC 3720, B.4) of `bytes[from..to)`, unsigned. Slicing by 16 reaches 1.5 GB/s, kafkajs's loop over bytes
 * 0.45 GB/s. Node's own `zlib.crc32` uses another polynomial.
 */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wholeTo = from + ((to - from) & ~(SLICES - 1));
  let crc = -1;
  let at = from;
  for (; at < wholeTo; at += SLICES) {
    const a = crc ^ view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    crc =
      TABLES[0xf00 + (a & 255)]! ^
      TABLES[0xe00 + ((a >>> 8) & 255)]! ^
      TABLES[0xd00 + ((a >>> 16) & 255)]! ^
      TABLES[0xc00 + (a >>> 24)]! ^
      TABLES[0xb00 + (b & 255)]! ^
      TABLES[0xa00 + ((b >>> 8) & 255)]! ^
      TABLES[0x900 + ((b >>> 16) & 255)]! ^
      TABLES[0x800 + (b >>> 24)]! ^
      TABLES[0x700 + (c & 255)]! ^
      TABLES[0x600 + ((c >>> 8) & 255)]! ^
      TABLES[0x500 + ((c >>> 16) & 255)]! ^
      TABLES[0x400 + (c >>> 24)]! ^
      TABLES[0x300 + (d & 255)]! ^
      TABLES[0x200 + ((d >>> 8) & 255)]! ^
      TABLES[0x100 + ((d >>> 16) & 255)]! ^
      TABLES[d >>> 24]!;
  }
  for (; at < to; at += 1) crc = TABLES[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
