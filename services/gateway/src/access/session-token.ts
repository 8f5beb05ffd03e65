import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What the cookie holds: 256 random bits. */
export const newSessionToken = (): string => randomBytes(32).toString('base64url');

/** What is stored of it: a plain SHA-256 is enough where the input has 256 random bits. */
export const hashSessionToken = (token: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(token).digest());

/** Follows from the cookie's token, which no page can read: nothing more is to be stored. */
export const csrfTokenOf = (token: string): string =>
  createHmac('sha256', token).update('csrf').digest('base64url');

/** Compares in a time that does not tell how much of it is right. */
export function isCsrfTokenOf(token: string, given: string): boolean {
  const [expected, actual] = [csrfTokenOf(token), given].map((text) =>
    createHash('sha256').update(text).digest(),
  );
  return timingSafeEqual(expected as Buffer, actual as Buffer);
}
