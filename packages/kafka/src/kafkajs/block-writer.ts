import { DecodeError } from './undecodable.js';

/** Below this length, a loop is faster than a call. */
const SHORT = 32;

/**
 * The common part of snappy and LZ4: literals copied from the input, and repeats of bytes written before. Every step
 * is checked against both ends, because any client may have written the bytes.
 */
export class BlockWriter {
  readonly output: Buffer;
  at: number;
  written: number;
  readonly #input: Buffer;
  readonly #limit: number;

  /** Reads from `at`. Writes to a new buffer of `limit` bytes, or to the given one between `from` and `limit`. */
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

  /**
   * A little-endian number of one to four bytes.
   * @throws DecodeError if the input ends before it
   */
  uint(bytes: number): number {
    const { at } = this;
    if (at + bytes > this.#input.length) throw new DecodeError('the compressed bytes are cut off');
    this.at += bytes;
    return bytes === 1 ? this.#input[at]! : this.#input.readUIntLE(at, bytes);
  }

  /**
   * Copies bytes from the input.
   * @throws DecodeError if the input or the output ends before it
   */
  literal(length: number): void {
    const { at, written } = this;
    if (at + length > this.#input.length || written + length > this.#limit)
      throw new DecodeError('a literal of the compressed bytes is too long');
    if (length < SHORT) for (let i = 0; i < length; i += 1) this.output[written + i] = this.#input[at + i]!;
    else this.#input.copy(this.output, written, at, at + length);
    this.at += length;
    this.written += length;
  }

  /**
   * Repeats bytes that were written before. A copy may overlap itself, which repeats it.
   * @param distance counted back from the end of the written bytes
   * @throws DecodeError if it reaches outside of the output
   */
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
