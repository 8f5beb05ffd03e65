import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { ApiKey, PrismaClient } from '../generated/prisma/client.js';
import { SharedRead } from './shared-read.js';

/** How long a key is answered from memory, counted from the moment at which its read began. */
const MAX_AGE_MS = 500;
/** After so long no instance knows a key any more that was revoked before: its age, and a timer's slack. */
const OUTDATED_AFTER_MS = MAX_AGE_MS + 50;
const MAX_KEYS = 10_000;

/**
 * API keys by their hash, read twice a second while they are used: a program sends hundreds of requests with the same
 * one. `forget` makes a revoked one end here at once; the other instances hear of it (`OutcomeListener`), a moment
 * later or, while they cannot listen, not at all. So whoever revokes waits for `outdated` before it says so. Keys that
 * nobody has are not kept, or anybody could fill the memory.
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
    const start = performance.now();
    const read = await this.reads.get(keyHash);
    // A read may take its time: what it found is as old as its beginning.
    if (read && this.epoch === epoch) this.kept.set(keyHash, read, { start });
    return read ?? undefined;
  }

  /** Resolves when no instance answers any more from what it read before now. */
  outdated(): Promise<void> {
    return delay(OUTDATED_AFTER_MS);
  }

  forget(keyHash: string): void {
    this.epoch += 1;
    this.kept.delete(keyHash);
  }
}
