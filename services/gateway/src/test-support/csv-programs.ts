import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';

const run = promisify(execFile);

/** Whether a program is installed. */
export const isInstalled = (program: string): Promise<boolean> =>
  run(program, ['--version']).then(
    () => true,
    () => false,
  );

/** Runs the work in a temporary folder. */
async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'subledger-csv-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A cell of a spreadsheet: a text as a string, and anything else (number, date, formula) as its converted value. */
export type SpreadsheetCell = string | { readonly made: string };

/** Comma, double quote, UTF-8, from the first line. */
const CSV = '44,34,76,1,';
/** Windows' language numbers, as the filter takes them. */
export const LANGUAGES = { English: 1033, Japanese: 1041 } as const;

/**
 * Opens a file in LibreOffice with maximum conversion (special numbers and formulas are detected, also in quotes),
 * and reads back the cells: it writes texts in quotes, and numbers, dates and results of formulas without.
 */
export function openInLibreOffice(
  file: string,
  language: keyof typeof LANGUAGES,
): Promise<SpreadsheetCell[][]> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, 'in.csv'), file);
    await run(
      'soffice',
      [
        // With its own profile: a running LibreOffice would otherwise take over the work.
        `-env:UserInstallation=${pathToFileURL(join(folder, 'profile'))}`,
        '--headless',
        `--infilter=CSV:${CSV},${LANGUAGES[language]},false,true,false,false,false,0,true`,
        '--convert-to',
        `csv:Text - txt - csv (StarCalc):${CSV},${LANGUAGES[language]},true,true,false,false`,
        '--outdir',
        join(folder, 'out'),
        join(folder, 'in.csv'),
      ],
      { timeout: 60_000 },
    );
    return parse(await readFile(join(folder, 'out', 'in.csv'), 'utf8'), {
      bom: true,
      relax_column_count: true,
      cast: (value, { quoting }) => (quoting || value === '' ? value : { made: value }),
    }) as SpreadsheetCell[][];
  });
}

const PYTHON = `
import csv, json, sys
with open(sys.argv[1], encoding='utf-8', newline='') as file:
    json.dump(list(csv.reader(file)), sys.stdout)
`;

/** The cells as Python's csv module reads them. */
export function readInPython(file: string): Promise<string[][]> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, 'in.csv'), file);
    const { stdout } = await run('python3', ['-c', PYTHON, join(folder, 'in.csv')], { maxBuffer: 1e8 });
    return JSON.parse(stdout);
  });
}
