/**
 * PostgreSQL array literals (`{1,2,NULL}`), one per column of a set-based SQL statement. `pg` can convert JavaScript
 * arrays too, but it quotes every value and searches it for escapes. For thousands of rows that is a third of the
 * client's time. Here, values are quoted only if needed.
 */

/** Numbers, bigints, booleans, and null. */
export function plainArray(values: readonly (number | bigint | boolean | null)[]): string {
  let text = '{';
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as number | bigint | boolean | null;
    text += i === 0 ? '' : ',';
    text += value === null ? 'NULL' : value.toString();
  }
  return `${text}}`;
}

const NEEDS_ESCAPE = /["\\]/;
const quoted = (text: string): string =>
  NEEDS_ESCAPE.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;

/** Any text without NUL, and null. */
export function textArray(values: readonly (string | null)[]): string {
  let text = '{';
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as string | null;
    text += i === 0 ? '' : ',';
    text += value === null ? 'NULL' : quoted(value);
  }
  return `${text}}`;
}

/** A value of a column. Times and JSON are given as text. */
export type Cell = string | number | bigint | boolean | null | undefined;

/** An array of the values that `pick` returns for all rows. Undefined becomes null. */
export function cellArray<Row>(rows: readonly Row[], pick: (row: Row, index: number) => Cell): string {
  let text = '{';
  for (let i = 0; i < rows.length; i += 1) {
    const value = pick(rows[i] as Row, i);
    if (i > 0) text += ',';
    if (value === null || value === undefined) text += 'NULL';
    else text += typeof value === 'string' ? quoted(value) : value.toString();
  }
  return `${text}}`;
}
