import { Transform, type TransformCallback } from 'node:stream';
import type { CsvReader } from '@subledger/contracts';

const BOM = '\ufeff';

/**
 * Converts PostgreSQL's CSV to RFC 4180: rows end with CRLF, line breaks inside quotes stay unchanged. It begins with
 * the header. For a spreadsheet a byte order mark precedes it, by which Excel recognizes UTF-8.
 *
 * Bytes are handled as Latin-1 text, which keeps each byte. `split` and `replaceAll` run at memory speed, and neither
 * quote nor line feed occurs inside a UTF-8 character.
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
    // Every quote switches between inside and outside. A doubled quote inside quotes switches twice.
    const parts = text.split('"');
    for (const [index, part] of parts.entries()) {
      if (index > 0) this.#isQuoted = !this.#isQuoted;
      if (!this.#isQuoted) parts[index] = part.replaceAll('\n', '\r\n');
    }
    return parts.join('"');
  }
}
