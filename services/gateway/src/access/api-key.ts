import { createHash, randomBytes } from 'node:crypto';

/** A key of 256 random bits. Its prefix lets scanners for leaked secrets recognize it. */
export const newApiKey = (): string => `slk_${randomBytes(32).toString('base64url')}`;

/** A stored hash in the form that `KnownKeys` and notices use. */
export const toKeyId = (keyHash: Uint8Array): string => Buffer.from(keyHash).toString('base64');

/** The stored hash. A plain SHA-256 is enough, because the input has 256 random bits. */
export const hashApiKey = (key: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(key).digest());
