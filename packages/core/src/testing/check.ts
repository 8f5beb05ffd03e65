/**
 * Fails the test with a description of the error. Not an `expect`, so that a judge can run thousands of steps a
 * second.
 */
export function check(right: boolean, wrong: string | (() => string)): asserts right {
  if (!right) throw new Error(`audit: ${typeof wrong === 'string' ? wrong : wrong()}`);
}

/** Any plain value as text, amounts in millipoints. */
export const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}` : part));

export const equal = (actual: unknown, expected: unknown, what: string): void =>
  check(actual === expected, () => `${what}: is ${String(actual)}, should be ${String(expected)}`);
