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
 * The CSV file of a period's statement, ordered by sub-account id. COPY takes no parameters. So the values, which the
 * contract's schema has checked, are quoted.
 * @param timeZone zone of its times
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
    // A spreadsheet would convert a month to a day.
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
