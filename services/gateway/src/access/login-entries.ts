import type { ErrorCode } from '@subledger/contracts';
import type { Logger } from '@subledger/service-kit';
import { type AuditActor, auditRow } from '../audit/audit-entry.js';
import { RefusedEntries } from '../audit/refused-entries.js';
import type { Transaction } from '../database/transaction.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { LiveSession } from '../request/principal.js';
import type { RequestOrigin } from '../request/request-origin.js';
import type { Credential } from './credentials.js';

/** Entries of logging in, which happens before anybody is known. */
export class LoginEntries {
  private readonly refused: RefusedEntries;

  constructor(prisma: PrismaClient, log: Logger) {
    this.refused = new RefusedEntries(prisma, log);
  }

  /** In the transaction that makes the session. */
  async loggedIn(tx: Transaction, session: LiveSession, origin: RequestOrigin): Promise<void> {
    const { owner, name, login } = session;
    const actor: AuditActor = { ...ownerOf(owner), name: login ?? name, credential: 'session' };
    const row = auditRow(REQUEST(origin), { actor, ...subjectOf(owner), outcome: 'done' });
    await tx.auditEntry.createMany({ data: [row] });
  }

  /**
   * The same one row whether there is such a login or not, so that the time does not tell. It names the login that there
   * is. Of an unknown one nothing that was typed is kept: people type passwords into the wrong field.
   */
  async refusedLogin(
    credential: Credential | undefined,
    origin: RequestOrigin,
    code: ErrorCode,
  ): Promise<void> {
    const whose = credential
      ? { ...ownerOf(credential), name: credential.name }
      : ({ kind: 'unknown', id: null, name: null } as const);
    await this.refused.note(REQUEST(origin), {
      actor: { ...whose, credential: 'none' },
      ...(credential ? subjectOf(credential) : { mainAccountId: null }),
      outcome: 'refused',
      code,
    });
  }
}

const REQUEST = (origin: RequestOrigin) => ({ routeId: 'createSession', origin }) as const;

type Owner = LiveSession['owner'];
const ownerOf = (owner: Owner) => ({
  kind: owner.kind,
  id: owner.kind === 'sub' ? owner.subAccountId : owner.loginKey,
});
const subjectOf = (owner: Owner) => ({
  mainAccountId: owner.mainAccountId,
  subAccountId: owner.kind === 'sub' ? owner.subAccountId : null,
});
