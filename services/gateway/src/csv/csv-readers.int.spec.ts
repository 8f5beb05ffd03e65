/** The CSV files with odd texts in every column, as their readers see them: parsers, Python, LibreOffice. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MESSAGE_CSV_COLUMNS, STATEMENT_CSV_COLUMNS } from '@subledger/contracts';
import { ROOT } from '@subledger/service-kit/installed-services';
import { parse } from 'csv-parse/sync';
import { isInstalled, LANGUAGES, openInLibreOffice, readInPython } from '../test-support/csv-programs.js';
import { ODD_CELLS, REINTERPRETED } from '../test-support/odd-cells.js';
import { OPERATOR_KEY, TestGateway } from '../test-support/test-gateway.js';

const PERIOD = '2026-10';
const CHANGED = new Set(Object.values(REINTERPRETED).flat());
/** An empty id is none. */
const CELLS = ODD_CELLS.filter((cell) => cell !== '');
const TEXTS = {
  messages: [
    'SUBACCOUNT',
    'MESSAGE ID',
    'RECIPIENT',
    'SENDER ID',
    'MESSAGE',
    'SHORTLINK STATUS',
    'SHORTLINK URL',
  ],
  statement: ['SUBACCOUNT'],
} as const;
type File = keyof typeof TEXTS;
const COLUMNS: Record<File, readonly string[]> = {
  messages: MESSAGE_CSV_COLUMNS,
  statement: STATEMENT_CSV_COLUMNS,
};
const FILES: File[] = ['messages', 'statement'];

let gateway: TestGateway;
let paths: Record<File, string>;
beforeAll(async () => {
  gateway = await TestGateway.start();
  const main = await gateway.mainAccount();
  paths = {
    messages: `/v1/main-accounts/${main}/messages.csv`,
    statement: `/v1/main-accounts/${main}/periods/${PERIOD}.csv`,
  };
  // All of them name all parameters, or the database does not know their types.
  const insert = (text: string) =>
    gateway.database.client.query(`WITH given AS (SELECT $1::text AS main, $3::text AS period) ${text}`, [
      main,
      CELLS,
      PERIOD,
    ]);
  const from = `FROM unnest($2::text[]) WITH ORDINALITY AS x (cell, i), given`;
  const id = `'sa_' || lpad(i::text, 6, '0')`;
  await insert(
    `INSERT INTO gateway.sub_account (main_account_id, id, name, password_hash) SELECT main, ${id}, cell, '' ${from}`,
  );
  await insert(`INSERT INTO gateway.message_log (main_account_id, sent_at, message_id, sub_account_id, sender, recipient,
      content, segments, millipoints, refunded, status, status_at, delivery_end_at, shortlink_status, shortlink_url,
      source_partition, source_offset)
    SELECT main, TIMESTAMPTZ '2026-11-10 14:00Z' + i * INTERVAL '1 second', cell, ${id}, cell, cell, cell, 1, 1234567,
      i, 'MESSAGE_DELIVERY_COMPLETE', '2026-11-10 15:00Z', '2026-11-10 15:00Z', cell, cell, 0, i ${from}`);
  await insert(`INSERT INTO gateway.period_statement (main_account_id, period, sub_account_id, generation, sequence,
      closed_at, opening, limit_points, boost, granted, used, overage, held, returned)
    SELECT main, period, ${id}, 0, i, '2026-10-31T15:00:00Z', 1000, 1000, 0, 123456789012345, i, 0, 0, 5 ${from}`);
});
afterAll(() => gateway?.stop());

/** With its byte order mark, which `Response.text()` would take off. */
async function download(file: File, reader?: string): Promise<string> {
  const query = reader === undefined ? '' : `?for=${reader}`;
  const response = await fetch(`${gateway.running.url}${paths[file]}${query}`, {
    headers: { authorization: `Bearer ${OPERATOR_KEY}` },
  });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer()).toString('utf8');
}
const rowsOf = (text: string) => parse(text, { columns: true, bom: true }) as Record<string, string>[];
const unguarded = (cell: string) => cell.replace(/^'/, '');

describe.each(FILES)('the file of %s', (file) => {
  test('for a spreadsheet, by default: one apostrophe less is the text, in every column', async () => {
    const text = await download(file);
    expect([text.charCodeAt(0), await download(file, 'spreadsheet')]).toEqual([0xfeff, text]);
    const rows = rowsOf(text);
    for (const column of TEXTS[file]) {
      expect(rows.map((row) => [column, row[column]])).toEqual(
        CELLS.map((cell) => [column, CHANGED.has(cell) ? `'${cell}` : cell]),
      );
    }
    if (file === 'statement') expect(rows[0]?.PERIOD).toBe(`'${PERIOD}`);
    else expect(Object.keys(rows[0] ?? {}).at(-1)).toBe('SUBACCOUNT ID');
    expect(rows.map((row) => row['SUBACCOUNT ID'])).toEqual(
      CELLS.map((_cell, index) => `sa_${String(index + 1).padStart(6, '0')}`),
    );
  });

  test('for a program: exactly the texts, and no byte order mark', async () => {
    const text = await download(file, 'program');
    expect(text.startsWith(COLUMNS[file].join(','))).toBe(true);
    const rows = rowsOf(text);
    for (const column of TEXTS[file]) expect(rows.map((row) => row[column])).toEqual(CELLS);
    const guarded = rowsOf(await download(file));
    expect(guarded.map((row) => Object.values(row).map(unguarded))).toEqual(
      rows.map((row) => Object.values(row)),
    );
  });

  test('for another kind of reader is 422', async () => {
    const { status, body } = await gateway.call('GET', `${paths[file]}?for=me`);
    expect([status, body.errors[0].path]).toEqual([422, 'for']);
  });
});

/** Not in silence: the runner lists what did not run, and with REQUIRE_CSV_PROGRAMS a missing one is a failure. */
const isRequired = process.env.REQUIRE_CSV_PROGRAMS === 'true';
const withProgram = async (program: string) =>
  isRequired || (await isInstalled(program)) ? describe : describe.skip;

(await withProgram('soffice'))('opened in LibreOffice', () => {
  test.each(
    FILES.flatMap((file) =>
      (Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]).map((each) => [file, each] as const),
    ),
  )('%s in %s: no cell is changed', async (file, language) => {
    const text = await download(file);
    // All line breaks within a cell are one kind to it.
    const written = parse(text.replaceAll(/\r\n?/g, '\n'), { bom: true }) as string[][];
    const cells = await openInLibreOffice(text, language);
    const numbers = new Set(['USED_POINTS', ...STATEMENT_CSV_COLUMNS.slice(4)]);
    const expected = written.map((row, index) =>
      row.map((cell, at) => (index > 0 && numbers.has(COLUMNS[file][at] as string) ? { made: cell } : cell)),
    );
    expect(cells).toEqual(expected);
  });

  test('an unguarded file would be changed: the test can fail', async () => {
    const cells = await openInLibreOffice(await download('messages', 'program'), 'Japanese');
    expect(cells.flat()).toEqual(expect.arrayContaining([{ made: '2' }, { made: '9000000001' }]));
  });
});

(await withProgram('python3'))('read in Python', () => {
  test.each(FILES)('%s for a program: exactly the texts', async (file) => {
    const [header, ...rows] = await readInPython(await download(file, 'program'));
    expect(header).toEqual(COLUMNS[file]);
    for (const column of TEXTS[file]) {
      const at = COLUMNS[file].indexOf(column);
      expect(rows.map((row) => row[at])).toEqual(CELLS);
    }
  });
});

test('the page for customers has the columns, in their order', () => {
  const page = readFileSync(join(ROOT, 'docs/message-log.md'), 'utf8');
  const table = page.slice(page.indexOf('## Columns'), page.indexOf('## Rules of the file'));
  expect([...table.matchAll(/^\| `([A-Z _]+)` \|/gm)].map(([, name]) => name)).toEqual(MESSAGE_CSV_COLUMNS);
});
