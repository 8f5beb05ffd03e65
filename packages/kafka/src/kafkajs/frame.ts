/** Space before a body for kafkajs's header: sizes, keys, correlation id, client id. */
const HEADROOM_BYTES = 512;
/** Smaller buffers are not worth keeping. */
const SMALLEST_BYTES = 64 * 1024;
/** Buffers kept for later requests: about one per concurrent request. */
const KEPT = 4;
/** A larger buffer, for one oversized record, is not kept. */
const LARGEST_KEPT_BYTES = 2 * 1024 * 1024;

const kept: Buffer[] = [];

/**
 * The buffer of one request. Fields are written one after the other, with space in front for the header, so that the
 * request reaches the socket without a copy. Fields are big-endian, as everywhere in Kafka's protocol.
 *
 * Buffers are used again: a new megabyte for each request would cost page faults and garbage collections.
 */
export class Frame {
  readonly bytes: Buffer;
  /** First byte written, and the byte after the last. */
  start = HEADROOM_BYTES;
  end = HEADROOM_BYTES;

  /** @param bodyBytes the exact size of the body */
  constructor(bodyBytes: number) {
    const wanted = HEADROOM_BYTES + bodyBytes;
    const reused = kept.pop();
    // A buffer that is too small is dropped, so that the kept ones grow to the usual size.
    this.bytes =
      reused && reused.length >= wanted ? reused : Buffer.allocUnsafeSlow(Math.max(wanted, SMALLEST_BYTES));
  }

  /** Keeps the buffer for later requests. Only if it is no longer read, not even by the socket. */
  release(): void {
    if (kept.length < KEPT && this.bytes.length <= LARGEST_KEPT_BYTES) kept.push(this.bytes);
  }

  /**
   * `Encoder.writeEncoder` recognizes an encoder by this property, and copies from it if it does not take the frame
   * over.
   */
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

  /** A string, prefixed by its length. */
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

  /** @param length size in UTF-8 bytes */
  text(value: string, length: number): void {
    // As many bytes as characters means ASCII, and Latin-1 is the faster way to write it.
    this.bytes.write(value, this.end, length, length === value.length ? 'latin1' : 'utf8');
    this.end += length;
  }

  raw(value: Uint8Array): void {
    this.bytes.set(value, this.end);
    this.end += value.length;
  }
}

/** Bytes of a string field, including its length. */
export function sizeOfString(value: string | null): number {
  return value === null ? 2 : 2 + Buffer.byteLength(value);
}

export function sizeOfVarint(value: number): number {
  const bits = 32 - Math.clz32((value << 1) ^ (value >> 31));
  return bits < 8 ? 1 : Math.ceil(bits / 7);
}
