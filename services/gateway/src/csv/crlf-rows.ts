import { Transform, type TransformCallback } from 'node:stream';
import type { CsvReader } from '@subledger/contracts';

const BOM = '\ufeff';

/**
 * PostgreSQL's CSV as RFC 4180 wants it: rows end in CRLF, while line breaks within quotes stay what they were. Begins
 * with the header; for a spreadsheet with a byte order mark before it, by which Excel knows UTF-8.
 *
 * Bytes are handled as Latin-1 text, which keeps each as it is: `split` and `replaceAll` run at the speed of memory,
 * and neither quote nor line feed occurs within a character of UTF-8.
 */
export class CrlfRows extends Transform {
  #isQuoted = false;

  constructor(header: readonly string[], reader: CsvReader) {
    super();
    this.push(Buffer.from(`${reader === 'spreadsheet' ? BOM : ''}${header.join(',')}\r\n`));
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(null, Buffer.from(this.#convert(chunk.toString('latin1')), 'latin1'));
  }

  #convert(text: string): string {
    if (!this.#isQuoted && !text.includes('"')) return text.replaceAll('\n', '\r\n');
    // Every quote changes sides; a doubled one, within quotes, does so twice.
    const parts = text.split('"');
    for (const [index, part] of parts.entries()) {
      if (index > 0) this.#isQuoted = !this.#isQuoted;
      if (!this.#isQuoted) parts[index] = part.replaceAll('\n', '\r\n');
    }
    return parts.join('"');
  }
}
