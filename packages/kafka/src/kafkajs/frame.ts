/** Room in front of a body for what kafkajs puts there: sizes, keys, correlation id, client id. */
const HEADROOM_BYTES = 512;
/** Less is not worth keeping apart. */
const SMALLEST_BYTES = 64 * 1024;
/** Buffers kept for the next requests: about one per request that is under way at a time. */
const KEPT = 4;
/** A larger one, for one oversized record, is not kept. */
const LARGEST_KEPT_BYTES = 2 * 1024 * 1024;

const kept: Buffer[] = [];

/**
 * The buffer that one request is written into, field after field, with room in front for its header, so that it
 * reaches the socket without being copied. Fields are big-endian, as everywhere in Kafka's protocol.
 *
 * A fresh megabyte for each request would cost its page faults, and hurries the garbage collector: buffers are used
 * again.
 */
export class Frame {
  readonly bytes: Buffer;
  /** First and last byte written, exclusive the latter. */
  start = HEADROOM_BYTES;
  end = HEADROOM_BYTES;

  /** @param bodyBytes exactly what will be written */
  constructor(bodyBytes: number) {
    const wanted = HEADROOM_BYTES + bodyBytes;
    const reused = kept.pop();
    // One that is too small goes, so that those kept grow to what is usual.
    this.bytes =
      reused && reused.length >= wanted ? reused : Buffer.allocUnsafeSlow(Math.max(wanted, SMALLEST_BYTES));
  }

  /** Hands the buffer over to later requests. Only for one that nobody reads any more, the socket included. */
  release(): void {
    if (kept.length < KEPT && this.bytes.length <= LARGEST_KEPT_BYTES) kept.push(this.bytes);
  }

  /** What `Encoder.writeEncoder` takes for an encoder, and copies from where it does not take the frame over. */
  get buf(): Buffer {
    return this.bytes;
  }
  get buffer(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }

  int8(value: number): void {
    this.end = this.bytes.writeInt8(value, this.end);
  }

  int16(value: number): void {
    this.end = this.bytes.writeInt16BE(value, this.end);
  }

  int32(value: number): void {
    this.end = this.bytes.writeInt32BE(value, this.end);
  }

  int64(value: bigint): void {
    this.end = this.bytes.writeBigInt64BE(value, this.end);
  }

  /** A string with its length in front. */
  string(value: string | null): void {
    if (value === null) {
      this.int16(-1);
      return;
    }
    const length = Buffer.byteLength(value);
    this.int16(length);
    this.text(value, length);
  }

  /** Zigzag; 32 bits. */
  varint(value: number): void {
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    while (rest > 127) {
      this.bytes[this.end++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.end++] = rest;
  }

  /** @param length its bytes in UTF-8 */
  text(value: string, length: number): void {
    // As many bytes as characters: ASCII, for which Latin-1 is the quicker way.
    this.bytes.write(value, this.end, length, length === value.length ? 'latin1' : 'utf8');
    this.end += length;
  }

  raw(value: Uint8Array): void {
    this.bytes.set(value, this.end);
    this.end += value.length;
  }
}

/** Bytes of a string field, its length included. */
export function sizeOfString(value: string | null): number {
  return value === null ? 2 : 2 + Buffer.byteLength(value);
}

export function sizeOfVarint(value: number): number {
  const bits = 32 - Math.clz32((value << 1) ^ (value >> 31));
  return bits < 8 ? 1 : Math.ceil(bits / 7);
}
