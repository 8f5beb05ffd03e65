import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { ApiKey, PrismaClient } from '../generated/prisma/client.js';
import { SharedRead } from './shared-read.js';

/** Milliseconds for which a key is answered from memory, from the start of its read. */
const MAX_AGE_MS = 500;
/** Milliseconds after which no instance accepts a revoked key from memory: the maximum age plus timer tolerance. */
const OUTDATED_AFTER_MS = MAX_AGE_MS + 50;
const MAX_KEYS = 10_000;

/**
 * API keys by their hash, read at most twice a second while they are used, because a program sends hundreds of
 * requests with the same key. `forget` ends a revoked key here at once. Other instances get a notice
 * (`OutcomeListener`) a moment later, or none while they cannot listen. So a revoking request must wait for
 * `outdated` before it answers. Unknown keys are not kept, because anyone could fill the memory with them.
 */
export class KnownKeys {
  readonly #kept = new LRUCache<string, ApiKey>({ max: MAX_KEYS, ttl: MAX_AGE_MS });
  readonly #reads: SharedRead<ApiKey | null>;
  /** Raised by `forget`: results of earlier reads are not kept. */
  #epoch = 0;

  constructor(read: (keyHash: string) => Promise<ApiKey | null>) {
    this.#reads = new SharedRead(read);
  }

  static of(prisma: PrismaClient): KnownKeys {
    return new KnownKeys((keyHash) =>
      prisma.apiKey.findUnique({ where: { keyHash: Buffer.from(keyHash, 'base64') } }),
    );
  }

  /**
   * @param keyHash in base64
   * @throws the database's error
   */
  async find(keyHash: string): Promise<ApiKey | undefined> {
    const kept = this.#kept.get(keyHash);
    if (kept) return kept;
    const epoch = this.#epoch;
    const start = performance.now();
    const read = await this.#reads.get(keyHash);
    // A read may take long. Its result is as old as its start.
    if (read && this.#epoch === epoch) this.#kept.set(keyHash, read, { start });
    return read ?? undefined;
  }

  /** Resolves when no instance uses results that were read before this call. */
  outdated(): Promise<void> {
    return delay(OUTDATED_AFTER_MS);
  }

  forget(keyHash: string): void {
    this.#epoch += 1;
    this.#kept.delete(keyHash);
  }
}
