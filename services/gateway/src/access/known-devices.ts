import { createHash } from 'node:crypto';
import type { Transaction } from '../database/transaction.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { hashSessionToken, newSessionToken } from './session-token.js';

/** How long a browser is known after a login. */
export const DEVICE_DAYS = 180;
/** Expired rows that each login takes away: more than it adds. */
const CLEAN_ROWS = 20;

/** Browsers that somebody has logged in with, by a cookie. Knowing one lets nobody in: its attempts only count apart. */
export class KnownDevices {
  constructor(private readonly prisma: Pick<PrismaClient, '$queryRaw'>) {}

  /** @param token of the cookie. @returns it, where it is known for this account */
  async find(token: string | undefined, account: string): Promise<string | undefined> {
    if (token === undefined) return undefined;
    const rows = await this.prisma.$queryRaw<unknown[]>(Prisma.sql`
      SELECT 1 FROM known_device
       WHERE token_hash = ${hashSessionToken(token)} AND account_hash = ${hashOf(account)} AND expires_at > now()`);
    return rows.length === 1 ? token : undefined;
  }

  /**
   * In the transaction that makes the session. Where the browser's token is new to this account, the browser gets
   * another token, which is then good for all accounts that the old one was: a token that somebody else put into the
   * browser must not become a known one.
   *
   * @returns the token for the cookie
   */
  async remember(
    tx: Transaction,
    given: string | undefined,
    account: string,
    isKnown: boolean,
  ): Promise<string> {
    const token = given !== undefined && isKnown ? given : newSessionToken();
    const expiresAt = Prisma.sql`now() + make_interval(days => ${DEVICE_DAYS}::int)`;
    if (given !== undefined && token !== given)
      await tx.$executeRaw(Prisma.sql`
        UPDATE known_device SET token_hash = ${hashSessionToken(token)} WHERE token_hash = ${hashSessionToken(given)}`);
    await tx.$executeRaw(Prisma.sql`
      INSERT INTO known_device (token_hash, account_hash, expires_at)
      VALUES (${hashSessionToken(token)}, ${hashOf(account)}, ${expiresAt})
      ON CONFLICT (token_hash, account_hash) DO UPDATE SET expires_at = excluded.expires_at`);
    await tx.$executeRaw`
      DELETE FROM known_device WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM known_device WHERE expires_at < now() ORDER BY expires_at LIMIT ${CLEAN_ROWS}
           FOR UPDATE SKIP LOCKED))`;
    return token;
  }
}

const hashOf = (account: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash('sha256').update(account).digest());
