import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../database/transaction.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import type { LiveSession, Owner } from '../request/principal.js';
import type { Credential } from './credentials.js';
import { hashSessionToken } from './session-token.js';

export interface SessionTimes {
  /** Milliseconds without a request after which a session ends. */
  readonly idleMs: number;
  /** Maximum milliseconds from login to the end of the session. */
  readonly maxMs: number;
}

interface Row {
  id: string;
  kind: Owner['kind'];
  loginKey: string | null;
  mainAccountId: string | null;
  subAccountId: string | null;
  name: string;
  login: string | null;
  expiresAt: Date;
  isAging: boolean;
}

/** A session is invalid after its password changed or its sub-account became inactive. */
const LIVE = Prisma.sql`
  FROM session se
  LEFT JOIN login l ON l.login_key = se.login_key
  LEFT JOIN main_account m ON m.id = se.main_account_id
  LEFT JOIN sub_account s ON s.main_account_id = se.main_account_id AND s.id = se.sub_account_id
  LEFT JOIN sub_account_state st ON st.main_account_id = s.main_account_id AND st.sub_account_id = s.id
 WHERE least(se.idle_at, se.expires_at) > now()
   AND se.password_mark = sha256(convert_to(coalesce(l.password_hash, s.password_hash), 'UTF8'))
   AND (se.kind <> 'sub' OR st.lifecycle = 'active')`;

/** Share of the idle time after which a request renews it, so that not every request writes. */
const RENEW_AFTER = 0.05;
/** Ended sessions that each login deletes: more than it adds. */
const CLEAN_ROWS = 20;

/** Sessions in the database, with the database's clock. */
export class SessionStore {
  constructor(
    private readonly prisma: Pick<PrismaClient, '$queryRaw' | '$executeRaw' | 'session'>,
    private readonly times: SessionTimes,
  ) {}

  /** The same store inside a transaction. */
  within(tx: Transaction): SessionStore {
    return new SessionStore(tx, this.times);
  }

  /** Finds a session and renews its idle time. */
  async find(token: string): Promise<LiveSession | undefined> {
    const rows = await this.prisma.$queryRaw<Row[]>(Prisma.sql`
      SELECT se.id, se.kind, se.login_key AS "loginKey", se.main_account_id AS "mainAccountId",
             se.sub_account_id AS "subAccountId", coalesce(s.name, m.name, l.login) AS name, l.login,
             se.expires_at AS "expiresAt",
             se.idle_at < least(se.expires_at, now() + ${this.#idle(1 - RENEW_AFTER)}) AS "isAging"
        ${LIVE} AND se.token_hash = ${hashSessionToken(token)}`);
    const [row] = rows;
    if (!row) return undefined;
    if (row.isAging) await this.#renew(row.id);
    return { id: row.id, owner: ownerOf(row), name: row.name, login: row.login, expiresAt: row.expiresAt };
  }

  /** The ids of those sessions that are valid now. Renews none of them. */
  async liveIds(ids: readonly string[]): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const rows = await this.prisma.$queryRaw<{ id: string }[]>(
      Prisma.sql`SELECT se.id ${LIVE} AND se.id = ANY(${ids}::text[])`,
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** @returns false if the sub-account was deactivated after its password was verified */
  async create(token: string, credential: Credential): Promise<boolean> {
    const { kind, mainAccountId } = credential;
    const loginKey = kind === 'sub' ? null : credential.loginKey;
    const subAccountId = kind === 'sub' ? credential.subAccountId : null;
    if (subAccountId !== null && !(await this.#lockActive(mainAccountId, subAccountId))) return false;
    await this.prisma.$executeRaw(Prisma.sql`
      INSERT INTO session (id, token_hash, kind, login_key, main_account_id, sub_account_id, password_mark,
                           expires_at, idle_at)
      VALUES (${`se_${uuidv7()}`}, ${hashSessionToken(token)}, ${kind}, ${loginKey}, ${mainAccountId}, ${subAccountId},
              sha256(convert_to(${credential.passwordHash}, 'UTF8')), now() + ${this.#max()},
              now() + least(${this.#idle(1)}, ${this.#max()}))`);
    await this.prisma.$executeRaw`
      DELETE FROM session WHERE id IN (
        SELECT id FROM session WHERE idle_at < now() ORDER BY idle_at LIMIT ${CLEAN_ROWS} FOR UPDATE SKIP LOCKED)`;
    return true;
  }

  async end(token: string): Promise<void> {
    await this.prisma.session.deleteMany({ where: { tokenHash: hashSessionToken(token) } });
  }

  /**
   * Locks the sub-account, so that a deactivation either came first and is seen, or comes later and ends this
   * session.
   */
  async #lockActive(mainAccountId: string | null, subAccountId: string): Promise<boolean> {
    const rows = await this.prisma.$queryRaw<unknown[]>(Prisma.sql`
      SELECT 1 FROM sub_account_state
       WHERE main_account_id = ${mainAccountId} AND sub_account_id = ${subAccountId} AND lifecycle = 'active'
         FOR SHARE`);
    return rows.length === 1;
  }

  async #renew(id: string): Promise<void> {
    await this.prisma.$executeRaw(Prisma.sql`
      UPDATE session SET idle_at = least(expires_at, now() + ${this.#idle(1)}) WHERE id = ${id}`);
  }

  #idle(share: number): Prisma.Sql {
    return Prisma.sql`make_interval(secs => ${(this.times.idleMs * share) / 1_000}::float8)`;
  }

  #max(): Prisma.Sql {
    return Prisma.sql`make_interval(secs => ${this.times.maxMs / 1_000}::float8)`;
  }
}

function ownerOf({ kind, loginKey, mainAccountId, subAccountId }: Row): Owner {
  if (kind === 'sub') return { kind, mainAccountId: mainAccountId ?? '', subAccountId: subAccountId ?? '' };
  return { kind, loginKey: loginKey ?? '', mainAccountId };
}
