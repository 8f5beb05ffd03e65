import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Value of the cookie: 256 random bits (OWASP Session Management Cheat Sheet). */
export const newSessionToken = (): string => randomBytes(32).toString('base64url');

/** The stored hash. A plain SHA-256 is enough, because the input has 256 random bits. */
export const hashSessionToken = (token: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(token).digest());

/**
 * Derived from the cookie's token, which pages cannot read, so it need not be stored (OWASP CSRF Prevention Cheat
 * Sheet).
 */
export const csrfTokenOf = (token: string): string =>
  createHmac('sha256', token).update('csrf').digest('base64url');

/** Compares in constant time. */
export function isCsrfTokenOf(token: string, given: string): boolean {
  const [expected, actual] = [csrfTokenOf(token), given].map((text) =>
    createHash('sha256').update(text).digest(),
  );
  return timingSafeEqual(expected as Buffer, actual as Buffer);
}
