/** The auditor found a violation of the design. */
export class AuditFailure extends Error {
  override readonly name = 'AuditFailure';
}

export function check(holds: boolean, detail: () => string): void {
  if (!holds) throw new AuditFailure(detail());
}

export function equal(actual: unknown, expected: unknown, what: () => string): void {
  if (actual !== expected)
    throw new AuditFailure(`${what()}: is ${textOf(actual)}, should be ${textOf(expected)}`);
}

/** Compares the fields of `expected`. */
export function sameFields(actual: object, expected: object, what: () => string): void {
  for (const [name, value] of Object.entries(expected))
    equal((actual as Record<string, unknown>)[name], value, () => `${what()}, ${name}`);
}

const textOf = (value: unknown): string =>
  typeof value === 'bigint' ? `${value}` : (JSON.stringify(value) ?? 'missing');

const PATTERN = /^(-?)(\d+)(?:\.(\d{1,3}))?$/;

/** Millipoints of a decimal text of points. */
export function amountOf(text: unknown): bigint {
  const parts = typeof text === 'string' ? PATTERN.exec(text) : null;
  if (!parts) throw new AuditFailure(`${textOf(text)} is not an amount`);
  const size = BigInt(parts[2] as string) * 1_000n + BigInt(`${parts[3] ?? ''}000`.slice(0, 3));
  return parts[1] === '-' ? -size : size;
}

export const amountOrNull = (text: unknown): bigint | null => (text === null ? null : amountOf(text));
export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
