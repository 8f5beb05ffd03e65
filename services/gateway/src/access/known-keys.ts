import { LRUCache } from 'lru-cache';
import type { ApiKey, PrismaClient } from '../generated/prisma/client.js';
import { SharedRead } from './shared-read.js';

/** How long a revoked key may live where the notice of its revocation does not come. */
const MAX_AGE_MS = 1_000;
const MAX_KEYS = 10_000;

/**
 * API keys by their hash, read once a second while they are used: a program sends hundreds of requests with the same
 * one. `forget` makes a revoked one end at once: the instance that revokes calls it, the others hear of it
 * (`OutcomeListener`). Keys that nobody has are not kept, or anybody could fill the memory.
 */
export class KnownKeys {
  private readonly kept = new LRUCache<string, ApiKey>({ max: MAX_KEYS, ttl: MAX_AGE_MS });
  private readonly reads: SharedRead<ApiKey | null>;
  /** Raised by `forget`: what was read before is not kept. */
  private epoch = 0;

  constructor(read: (keyHash: string) => Promise<ApiKey | null>) {
    this.reads = new SharedRead(read);
  }

  static of(prisma: PrismaClient): KnownKeys {
    return new KnownKeys((keyHash) =>
      prisma.apiKey.findUnique({ where: { keyHash: Buffer.from(keyHash, 'base64') } }),
    );
  }

  /** @param keyHash in base64. @throws the database's error */
  async find(keyHash: string): Promise<ApiKey | undefined> {
    const kept = this.kept.get(keyHash);
    if (kept) return kept;
    const epoch = this.epoch;
    const read = await this.reads.get(keyHash);
    if (read && this.epoch === epoch) this.kept.set(keyHash, read);
    return read ?? undefined;
  }

  forget(keyHash: string): void {
    this.epoch += 1;
    this.kept.delete(keyHash);
  }
}
