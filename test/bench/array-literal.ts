const ESCAPED = /["\\]/g;

/** A PostgreSQL array literal, made before the clock runs: the floor must not pay for turning values into text. */
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
