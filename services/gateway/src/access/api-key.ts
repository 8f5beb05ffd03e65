import { createHash, randomBytes } from 'node:crypto';

/** A key of 256 random bits; the prefix lets scanners of leaked secrets find it. */
export const newApiKey = (): string => `slk_${randomBytes(32).toString('base64url')}`;

/** A stored hash as `KnownKeys` and its notices name it. */
export const toKeyId = (keyHash: Uint8Array): string => Buffer.from(keyHash).toString('base64');

/** What is stored: a plain SHA-256 is enough where the input has 256 random bits. */
export const hashApiKey = (key: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(key).digest());
