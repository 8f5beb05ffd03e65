import type { CreateSession } from '@subledger/contracts';
import type { Transaction } from '../database/transaction.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import type { Owner } from '../request/principal.js';
import { noteProfileChangesWithin } from '../sender-numbers/profile-changes.js';
import { loginKeyOf } from './login-key.js';

export type Credential = Owner & {
  readonly passwordHash: string;
  /** The registered login, or the sub-account's name. */
  readonly name: string;
};

/** The key under which login attempts are counted. */
export interface LoginAccount {
  /** The same text for every spelling of a login, whether the login exists or not. */
  readonly key: string;
  /** Set if the login belongs to a customer. */
  readonly mainAccountId: string | null;
}

export const accountOf = (login: CreateSession, found: Credential | undefined): LoginAccount => ({
  key:
    'login' in login
      ? `login ${loginKeyOf(login.login)}`
      : `sub ${JSON.stringify([login.mainAccount, loginKeyOf(login.subAccount)])}`,
  mainAccountId: found?.mainAccountId ?? null,
});

interface LoginRow {
  kind: 'operator' | 'main';
  loginKey: string;
  mainAccountId: string | null;
  name: string;
  passwordHash: string;
}
interface SubRow {
  mainAccountId: string;
  subAccountId: string;
  name: string;
  passwordHash: string;
}

export class Credentials {
  constructor(private readonly prisma: PrismaClient) {}

  /** Undefined if there is no such login, its books are not open yet, or the sub-account is not active. */
  find(login: CreateSession): Promise<Credential | undefined> {
    return 'login' in login
      ? this.#findLogin(login.login)
      : this.#findSub(login.mainAccount, login.subAccount);
  }

  /** The credential of a session's owner. */
  async of(owner: Owner): Promise<Credential | undefined> {
    if (owner.kind !== 'sub') return this.#findLogin(owner.loginKey);
    const { mainAccountId, subAccountId } = owner;
    const row = await this.prisma.subAccount.findUnique({
      where: { mainAccountId_id: { mainAccountId, id: subAccountId } },
      select: { passwordHash: true, name: true },
    });
    return row ? { ...owner, ...row } : undefined;
  }

  /** @returns whether the password was still the one that the caller had verified */
  async replace(tx: Transaction, credential: Credential, passwordHash: string): Promise<boolean> {
    const before = credential.passwordHash;
    const changed = { passwordHash, updatedAt: new Date() };
    if (credential.kind !== 'sub') {
      const { loginKey } = credential;
      return (
        (await tx.login.updateMany({ where: { loginKey, passwordHash: before }, data: changed })).count === 1
      );
    }
    const { mainAccountId, subAccountId: id } = credential;
    const { count } = await tx.subAccount.updateMany({
      where: { mainAccountId, id, passwordHash: before },
      data: { ...changed, settingsVersion: { increment: 1 } },
    });
    // Its settings have a new version, which its profile contains.
    if (count === 1) await noteProfileChangesWithin(tx, [{ mainAccountId, subAccountId: id }]);
    return count === 1;
  }

  /**
   * Replaces the hash by a newer hash of the same password. Its sessions contain the hash that they were made with,
   * and continue with the new one. The settings do not change.
   *
   *
   * @returns whether the password was still the one that the caller had verified
   */
  async upgrade(tx: Transaction, credential: Credential, passwordHash: string): Promise<boolean> {
    const before = credential.passwordHash;
    const count =
      credential.kind === 'sub'
        ? await tx.$executeRaw(Prisma.sql`
            UPDATE sub_account SET password_hash = ${passwordHash}
             WHERE main_account_id = ${credential.mainAccountId} AND id = ${credential.subAccountId}
               AND password_hash = ${before}`)
        : await tx.$executeRaw(Prisma.sql`
            UPDATE login SET password_hash = ${passwordHash}
             WHERE login_key = ${credential.loginKey} AND password_hash = ${before}`);
    if (count !== 1) return false;
    // A hash has a random salt, so no other login has the same mark.
    await tx.$executeRaw(Prisma.sql`
      UPDATE session SET password_mark = sha256(convert_to(${passwordHash}, 'UTF8'))
       WHERE kind = ${credential.kind} AND main_account_id IS NOT DISTINCT FROM ${credential.mainAccountId}
         AND password_mark = sha256(convert_to(${before}, 'UTF8'))`);
    return true;
  }

  /** One query in any case, so that its duration reveals nothing. */
  async #findLogin(login: string): Promise<Credential | undefined> {
    const rows = await this.prisma.$queryRaw<LoginRow[]>(Prisma.sql`
      SELECT l.kind, l.login_key AS "loginKey", l.main_account_id AS "mainAccountId", l.login AS name,
             l.password_hash AS "passwordHash"
        FROM login l LEFT JOIN main_account_state ms ON ms.main_account_id = l.main_account_id
       WHERE l.login_key = ${loginKeyOf(login)} AND (l.kind = 'operator' OR ms.main_account_id IS NOT NULL)`);
    return rows[0];
  }

  async #findSub(mainLoginKey: string, name: string): Promise<Credential | undefined> {
    const rows = await this.prisma.$queryRaw<SubRow[]>(Prisma.sql`
      SELECT s.main_account_id AS "mainAccountId", s.id AS "subAccountId", s.name, s.password_hash AS "passwordHash"
        FROM main_account m
        JOIN sub_account_name n ON n.main_account_id = m.id AND n.name_key = ${loginKeyOf(name)}
                               AND n.operation_id IS NULL
        JOIN sub_account s ON s.main_account_id = m.id AND s.id = n.sub_account_id
        JOIN sub_account_state st ON st.main_account_id = m.id AND st.sub_account_id = s.id
       WHERE m.login_key = ${mainLoginKey} AND st.lifecycle = 'active'`);
    const [row] = rows;
    return row ? { kind: 'sub', ...row } : undefined;
  }
}
