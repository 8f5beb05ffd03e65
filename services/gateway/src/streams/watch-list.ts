import { randomUUID } from 'node:crypto';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

interface Row {
  xid: string;
}

/** Says in the database which main accounts streams of this instance watch, so that changes of all others stay untold. */
export class WatchList {
  private readonly instance = randomUUID();

  /** @param keepMs how long the rows of an instance that died stay */
  constructor(
    private readonly prisma: Pick<PrismaClient, '$queryRaw' | '$executeRaw' | 'streamWatch'>,
    private readonly keepMs: number,
  ) {}

  /**
   * @returns the transaction that added it: whoever began before it was committed may still change something without
   *   telling us
   */
  async add(mainAccountId: string): Promise<bigint> {
    const rows = await this.prisma.$queryRaw<Row[]>(Prisma.sql`
      INSERT INTO stream_watch (main_account_id, instance, expires_at)
      VALUES (${mainAccountId}, ${this.instance}, now() + ${this.keep()})
      ON CONFLICT (main_account_id, instance) DO UPDATE SET expires_at = excluded.expires_at
      RETURNING pg_current_xact_id()::text AS xid`);
    return BigInt(rows[0]?.xid ?? 0);
  }

  /** Keeps these, and takes away what is not watched any more, and what died. */
  async keepOnly(mainAccountIds: readonly string[]): Promise<void> {
    await this.prisma.$executeRaw(Prisma.sql`
      INSERT INTO stream_watch (main_account_id, instance, expires_at)
      SELECT id, ${this.instance}, now() + ${this.keep()} FROM unnest(${mainAccountIds}::text[]) AS id ORDER BY id
      ON CONFLICT (main_account_id, instance) DO UPDATE SET expires_at = excluded.expires_at`);
    await this.prisma.$executeRaw(Prisma.sql`
      DELETE FROM stream_watch WHERE ctid IN (
        SELECT ctid FROM stream_watch
         WHERE expires_at < now() OR (instance = ${this.instance} AND main_account_id <> ALL(${mainAccountIds}::text[]))
           FOR UPDATE SKIP LOCKED)`);
  }

  async clear(): Promise<void> {
    await this.prisma.streamWatch.deleteMany({ where: { instance: this.instance } });
  }

  private keep(): Prisma.Sql {
    return Prisma.sql`make_interval(secs => ${this.keepMs / 1_000}::float8)`;
  }
}
