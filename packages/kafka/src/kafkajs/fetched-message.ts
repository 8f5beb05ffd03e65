/**
 * Fields that all records of a batch share, with kafkajs's names, because kafkajs reads them to leave out aborted
 * records.
 */
export interface BatchContext {
  readonly producerId: string;
  readonly inTransaction: boolean;
}

/**
 * A record inside the broker's answer. It replaces kafkajs's message, which copies and decodes every field of every
 * record, numbers by way of BigInt, before any reader has used it.
 */
export class FetchedMessage {
  /** kafkajs's own is a decimal string. Where kafkajs computes with it, it accepts both. */
  readonly offset: bigint;
  readonly timestamp: number;
  readonly isControlRecord: boolean;
  batchContext: BatchContext;
  readonly #bytes: Buffer;
  /** Position of the key's length. Value and headers follow it. */
  readonly #at: number;

  constructor(
    offset: bigint,
    timestamp: number,
    isControlRecord: boolean,
    batchContext: BatchContext,
    bytes: Buffer,
    at: number,
  ) {
    this.offset = offset;
    this.timestamp = timestamp;
    this.isControlRecord = isControlRecord;
    this.batchContext = batchContext;
    this.#bytes = bytes;
    this.#at = at;
  }

  get key(): Buffer | null {
    return new Cursor(this.#bytes, this.#at).field();
  }

  get value(): Buffer | null {
    const cursor = new Cursor(this.#bytes, this.#at);
    cursor.skipField();
    return cursor.field();
  }

  keyText(): string | null {
    return new Cursor(this.#bytes, this.#at).text();
  }

  /** If a header occurs more than once, its last value counts. A header without a value is left out. */
  textHeaders(): Record<string, string> {
    const headers: Record<string, string> = {};
    const cursor = new Cursor(this.#bytes, this.#at);
    cursor.skipField();
    cursor.skipField();
    for (let left = cursor.varint(); left > 0; left -= 1) {
      const name = cursor.text() ?? '';
      const value = cursor.text();
      if (value !== null) headers[name] = value;
      else delete headers[name];
    }
    return headers;
  }
}

/** Reads zigzag numbers, and fields prefixed by such a length (-1: null). */
export class Cursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  /** 32 bits. */
  varint(): number {
    let byte = this.bytes[this.at++]!;
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1);
    let raw = byte & 127;
    for (let shift = 7; byte >= 128 && shift < 35; shift += 7) {
      byte = this.bytes[this.at++]!;
      raw |= (byte & 127) << shift;
    }
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** 64 bits, exact to 2^52. In milliseconds that is far more than any time needs. */
  varlong(): number {
    let byte = this.bytes[this.at++]!;
    let raw = byte & 127;
    for (let scale = 128; byte >= 128; scale *= 128) {
      byte = this.bytes[this.at++]!;
      raw += (byte & 127) * scale;
    }
    return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
  }

  skipField(): void {
    const length = this.varint();
    if (length > 0) this.at += length;
  }

  field(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): string | null {
    const length = this.varint();
    if (length < 0) return null;
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }
}
