/**
 * PostgreSQL array literals (`{1,2,NULL}`), one per column of a set-based statement. `pg` makes them of JavaScript
 * arrays too, but value by value with every one quoted and searched for escapes; for thousands of rows that is a
 * third of the client's time. What needs no quoting is not quoted here.
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

/** Any text without NUL, and null. */
export function textArray(values: readonly (string | null)[]): string {
  let text = '{';
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as string | null;
    text += i === 0 ? '' : ',';
    if (value === null) text += 'NULL';
    else text += NEEDS_ESCAPE.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : `"${value}"`;
  }
  return `${text}}`;
}
