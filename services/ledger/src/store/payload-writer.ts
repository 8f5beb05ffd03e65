import { SEPARATOR } from '@subledger/wire';

/** Approximate length of an event's text. A buffer that is too small is doubled. */
const EXPECTED_BYTES = 1_600;
const MIN_BYTES = 4_096;
/** Maximum UTF-8 bytes per UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * JSON texts of events as UTF-8 in one buffer, encoded once for both servers. PostgreSQL gets the whole as a
 * block of the journal. Kafka gets the parts. Texts are encoded at once, because strings joined from pieces cost the garbage
 * collector more the longer they live.
 */
export class PayloadWriter {
  #buffer: Buffer;
  #length = 0;
  readonly #ends: number[] = [];

  constructor(expectedTexts: number) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(MIN_BYTES, expectedTexts * EXPECTED_BYTES));
  }

  get count(): number {
    return this.#ends.length;
  }

  append(text: string): void {
    const needed = this.#length + text.length * MAX_BYTES_PER_UNIT + 1;
    if (needed > this.#buffer.length) this.#grow(needed);
    if (this.#length > 0) {
      this.#buffer[this.#length] = SEPARATOR;
      this.#length += 1;
    }
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
    this.#ends.push(this.#length);
  }

  /** All texts with the separator between them. */
  get whole(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Each text by itself, as views of the same memory. Append nothing afterwards. */
  parts(): Buffer[] {
    return this.#ends.map((end, index) => {
      const start = index === 0 ? 0 : (this.#ends[index - 1] as number) + 1;
      return this.#buffer.subarray(start, end);
    });
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
