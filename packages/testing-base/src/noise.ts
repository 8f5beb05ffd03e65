import { createHash } from 'node:crypto';

const DIGEST_BYTES = 32;

/** Bytes that no codec makes shorter, always the same: for records that have to stay large. */
export function noise(bytes: number): Buffer {
  const digests = Array.from({ length: Math.ceil(bytes / DIGEST_BYTES) }, (_, index) =>
    createHash('sha256').update(String(index)).digest(),
  );
  return Buffer.concat(digests).subarray(0, bytes);
}
