import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import type { CsvReader } from '@subledger/contracts';
import { CrlfRows } from './crlf-rows.js';

async function through(text: string, chunkBytes: number, reader: CsvReader = 'spreadsheet'): Promise<string> {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  return (await buffer(Readable.from(chunks).pipe(new CrlfRows(['A', 'B'], reader)))).toString('utf8');
}

test.each([
  ['plain rows', 'a,b\nc,d\n', 'a,b\r\nc,d\r\n'],
  ['a line feed within quotes stays', '"x\ny",b\nc,d\n', '"x\ny",b\r\nc,d\r\n'],
  ['doubled quotes', '"say ""hi\n""",b\n', '"say ""hi\n""",b\r\n'],
  ['a cell that is one quote', '"""",b\n"",c\n', '"""",b\r\n"",c\r\n'],
  ['CRLF within quotes stays', '"x\r\ny",b\n', '"x\r\ny",b\r\n'],
  ['characters of several bytes', '"予約\n🎉",テスト\n', '"予約\n🎉",テスト\r\n'],
  ['no rows', '', ''],
])('%s, however it is cut', async (_name, from, to) => {
  for (const chunkBytes of [1, 2, 3, 5, 1_000]) {
    expect(await through(from, chunkBytes)).toBe(`\ufeffA,B\r\n${to}`);
  }
});

test('a program gets no byte order mark', async () => {
  expect(await through('a,b\n', 3, 'program')).toBe('A,B\r\na,b\r\n');
});
