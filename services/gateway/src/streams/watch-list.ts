import { randomUUID } from 'node:crypto';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

interface Row {
  xid: string;
}

/** Stores which main accounts streams of this instance watch, so that changes of others cause no notices. */
export class WatchList {
  readonly #instance = randomUUID();

  /** @param keepMs milliseconds for which the rows of a crashed instance stay */
  constructor(
    private readonly prisma: Pick<PrismaClient, '$queryRaw' | '$executeRaw' | 'streamWatch'>,
    private readonly keepMs: number,
  ) {}

  /**
   * @returns the transaction that added it: transactions that began before its commit may still make changes without
   *   a notice
   */
  async add(mainAccountId: string): Promise<bigint> {
    const rows = await this.prisma.$queryRaw<Row[]>(Prisma.sql`
      INSERT INTO stream_watch (main_account_id, instance, expires_at)
      VALUES (${mainAccountId}, ${this.#instance}, now() + ${this.#keep()})
      ON CONFLICT (main_account_id, instance) DO UPDATE SET expires_at = excluded.expires_at
      RETURNING pg_current_xact_id()::text AS xid`);
    return BigInt(rows[0]?.xid ?? 0);
  }

  /** Keeps these main accounts, and deletes other rows of this instance and those of crashed instances. */
  async keepOnly(mainAccountIds: readonly string[]): Promise<void> {
    await this.prisma.$executeRaw(Prisma.sql`
      INSERT INTO stream_watch (main_account_id, instance, expires_at)
      SELECT id, ${this.#instance}, now() + ${this.#keep()} FROM unnest(${mainAccountIds}::text[]) AS id ORDER BY id
      ON CONFLICT (main_account_id, instance) DO UPDATE SET expires_at = excluded.expires_at`);
    await this.prisma.$executeRaw(Prisma.sql`
      DELETE FROM stream_watch WHERE ctid IN (
        SELECT ctid FROM stream_watch
         WHERE expires_at < now() OR (instance = ${this.#instance} AND main_account_id <> ALL(${mainAccountIds}::text[]))
           FOR UPDATE SKIP LOCKED)`);
  }

  async clear(): Promise<void> {
    await this.prisma.streamWatch.deleteMany({ where: { instance: this.#instance } });
  }

  #keep(): Prisma.Sql {
    return Prisma.sql`make_interval(secs => ${this.keepMs / 1_000}::float8)`;
  }
}
