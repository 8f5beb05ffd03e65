const ESCAPED = /["\\]/g;

/**
 * A PostgreSQL array literal. It is made before the clock runs, so that the floor does not include converting values
 * to text.
 */
export function arrayLiteral(values: readonly unknown[]): string {
  return `{${values.map(element).join(',')}}`;
}

function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Date) return `"${value.toISOString()}"`;
  if (typeof value === 'string') return `"${value.replace(ESCAPED, '\\$&')}"`;
  if (typeof value === 'object') return element(JSON.stringify(value));
  return String(value);
}
