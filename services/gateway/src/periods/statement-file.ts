import { type CsvReader, STATEMENT_CSV_COLUMNS } from '@subledger/contracts';
import pg from 'pg';
import type { CsvFile } from '../csv/csv-downloads.js';
import { textCell } from '../csv/csv-guard.js';
import { csvTime } from '../csv/csv-time.js';
import { hasWholeHours } from '../csv/zone-offsets.js';
import { pointsSql } from '../database/points-sql.js';
import { FIGURES, statementRows } from './statement-rows.js';

const literal = pg.escapeLiteral;

/**
 * The file of a period's statement, in order of sub-account ids. COPY takes no parameters, so the values, which have
 * passed the contract's schema, are quoted.
 * @param timeZone of the times in it
 */
export function statementFile(
  mainAccountId: string,
  period: string,
  timeZone: string,
  reader: CsvReader,
): CsvFile {
  const scope = { mainAccountId: literal(mainAccountId), period: literal(period) };
  const cells = [
    textCell('coalesce(s.name, r.sub_account_id)', reader),
    'r.sub_account_id',
    // A spreadsheet makes a day of a month.
    textCell(scope.period, reader),
    csvTime('r.closed_at', hasWholeHours(timeZone)),
    ...['opening', 'limit_points', ...FIGURES].map((name) => pointsSql(`r.${name}`)),
  ];
  return {
    columns: STATEMENT_CSV_COLUMNS,
    reader,
    timeZone,
    copy: `COPY (SELECT ${cells.join(', ')} FROM (${statementRows(scope)}) AS r
      LEFT JOIN sub_account s ON s.main_account_id = ${scope.mainAccountId} AND s.id = r.sub_account_id
      ORDER BY r.sub_account_id) TO STDOUT (FORMAT csv)`,
  };
}
