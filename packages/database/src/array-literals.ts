/**
 * PostgreSQL array literals (`{1,2,NULL}`), one per column of a set-based SQL statement. `pg` can convert JavaScript
 * arrays too, but it quotes every value and searches it for escapes. For thousands of rows that is a third of the
 * client's time. Here, values are quoted only if needed, and joined at once: a string that grows by `+=` is a chain of
 * as many objects until it is sent.
 */

/** Numbers, bigints, booleans, and null. */
export function plainArray(values: readonly (number | bigint | boolean | null)[]): string {
  return cellArray(values, (value) => value);
}

/** Any text without NUL, and null. */
export function textArray(values: readonly (string | null)[]): string {
  return cellArray(values, (value) => value);
}

const NEEDS_ESCAPE = /["\\]/;
const quoted = (text: string): string =>
  NEEDS_ESCAPE.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;

/** A value of a column. Times and JSON are given as text. */
export type Cell = string | number | bigint | boolean | null | undefined;

/** An array of the values that `pick` returns for all rows. Undefined becomes null. */
export function cellArray<Row>(rows: readonly Row[], pick: (row: Row, index: number) => Cell): string {
  if (rows.length === 0) return '{}';
  const cells: Cell[] = [];
  let texts = 0;
  let needsCare = false;
  for (let i = 0; i < rows.length; i += 1) {
    const cell = pick(rows[i] as Row, i);
    if (cell === null || cell === undefined) needsCare = true;
    else if (typeof cell === 'string') {
      texts += 1;
      needsCare ||= NEEDS_ESCAPE.test(cell);
    }
    cells.push(cell);
  }
  if (!needsCare && texts === cells.length) return `{"${cells.join('","')}"}`;
  if (!needsCare && texts === 0) return `{${cells.join(',')}}`;
  return `{${cells.map(literal).join(',')}}`;
}

function literal(cell: Cell): string {
  if (cell === null || cell === undefined) return 'NULL';
  return typeof cell === 'string' ? quoted(cell) : String(cell);
}
