import { DecodeError } from './undecodable.js';

/** Below this, a loop is quicker than a call. */
const SHORT = 32;

/**
 * What snappy and LZ4 share: literals that are copied from the input, and repeats of what was written before. Every
 * step is checked against both ends: the bytes are whatever a writer has sent.
 */
export class BlockWriter {
  readonly output: Buffer;
  at: number;
  written: number;
  readonly #input: Buffer;
  readonly #limit: number;

  /** Reads from `at`. Writes to a buffer of `limit` bytes, or to the given one between `from` and `limit`. */
  constructor(
    input: Buffer,
    at: number,
    limit: number,
    output: Buffer = Buffer.allocUnsafe(limit),
    from = 0,
  ) {
    this.#input = input;
    this.#limit = limit;
    this.at = at;
    this.output = output;
    this.written = from;
  }

  /** A little-endian number of one to four bytes. */
  uint(bytes: number): number {
    const { at } = this;
    if (at + bytes > this.#input.length) throw new DecodeError('the compressed bytes are cut off');
    this.at += bytes;
    return bytes === 1 ? this.#input[at]! : this.#input.readUIntLE(at, bytes);
  }

  literal(length: number): void {
    const { at, written } = this;
    if (at + length > this.#input.length || written + length > this.#limit)
      throw new DecodeError('a literal of the compressed bytes is too long');
    if (length < SHORT) for (let i = 0; i < length; i += 1) this.output[written + i] = this.#input[at + i]!;
    else this.#input.copy(this.output, written, at, at + length);
    this.at += length;
    this.written += length;
  }

  /** @param distance back from the end of what is written; a copy may overlap itself, which repeats */
  copy(distance: number, length: number): void {
    const { output, written } = this;
    if (distance === 0 || distance > written || written + length > this.#limit)
      throw new DecodeError('a copy within the compressed bytes reaches outside');
    if (length < SHORT || distance < length)
      for (let i = written; i < written + length; i += 1) output[i] = output[i - distance]!;
    else output.copyWithin(written, written - distance, written - distance + length);
    this.written += length;
  }
}
