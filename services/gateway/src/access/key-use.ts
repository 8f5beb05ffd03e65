import { type Logger, PeriodicTask } from '@subledger/service-kit';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

const EVERY_MS = 60_000;

/** When keys were last used. Kept in memory, and written once a minute for all keys. */
export class KeyUse {
  #used = new Map<string, number>();
  readonly #work: PeriodicTask;

  constructor(
    private readonly prisma: Pick<PrismaClient, '$executeRaw'>,
    private readonly log: Logger,
  ) {
    const onError = (err: unknown) =>
      this.log.warn({ err }, 'the last use of keys could not be written, tried again');
    this.#work = new PeriodicTask(() => this.#write(), {
      firstMs: EVERY_MS,
      everyMs: EVERY_MS,
      retryMs: EVERY_MS,
      onError,
    });
  }

  start(): void {
    this.#work.start();
  }

  /** @param id of the key */
  note(id: string): void {
    this.#used.set(id, Date.now());
  }

  /** Writes the noted uses, if the database is available. */
  async close(): Promise<void> {
    await this.#work.close();
    await this.#write().catch((err: unknown) =>
      this.log.warn({ err }, 'the last use of keys could not be written'),
    );
  }

  /** @throws the database's error; the noted uses are kept */
  async #write(): Promise<void> {
    const used = this.#used;
    if (used.size === 0) return;
    this.#used = new Map();
    try {
      await this.prisma.$executeRaw(Prisma.sql`
        WITH used AS (
          SELECT k.id, to_timestamp(x.ms / 1000.0) AS at
            FROM unnest(${[...used.keys()]}::text[], ${[...used.values()]}::float8[]) AS x (id, ms)
            JOIN api_key k ON k.id = x.id ORDER BY k.id FOR UPDATE OF k)
        UPDATE api_key k SET last_used_at = greatest(k.last_used_at, used.at) FROM used WHERE k.id = used.id`);
    } catch (error) {
      this.#used = new Map([...used, ...this.#used]);
      throw error;
    }
  }
}
