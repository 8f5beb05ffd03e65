import { createHash } from 'node:crypto';
import type { Transaction } from '../database/transaction.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { hashSessionToken, newSessionToken } from './session-token.js';

/** Days for which a browser is known after a login. */
export const DEVICE_DAYS = 180;
/** Expired rows that each login deletes: more than it adds. */
const CLEAN_ROWS = 20;

/**
 * Browsers that were used for a login, recognized by a cookie. A known browser has no access: its attempts are only
 * counted separately (docs/decisions/0029).
 */
export class KnownDevices {
  constructor(private readonly prisma: Pick<PrismaClient, '$queryRaw'>) {}

  /**
   * @param token of the cookie
   * @returns the token, if it is known for this account
   */
  async find(token: string | undefined, account: string): Promise<string | undefined> {
    if (token === undefined) return undefined;
    const rows = await this.prisma.$queryRaw<unknown[]>(Prisma.sql`
      SELECT 1 FROM known_device
       WHERE token_hash = ${hashSessionToken(token)} AND account_hash = ${hashOf(account)} AND expires_at > now()`);
    return rows.length === 1 ? token : undefined;
  }

  /**
   * Notes a browser, in the transaction that makes the session. If its token is new for this account, the browser
   * gets another token, which is then valid for all accounts of the old one. Otherwise an attacker who put a token
   * into the browser would have a known device.
   *
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
