import type { ErrorCode } from '@subledger/contracts';
import type { Logger } from '@subledger/service-kit';
import { type AuditActor, auditRow } from '../audit/audit-entry.js';
import { RefusedEntries } from '../audit/refused-entries.js';
import type { Transaction } from '../database/transaction.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { LiveSession } from '../request/principal.js';
import type { RequestOrigin } from '../request/request-origin.js';
import type { Credential } from './credentials.js';

/** Audit entries of logins, which are written before the caller is known. */
export class LoginEntries {
  readonly #refused: RefusedEntries;

  constructor(prisma: PrismaClient, log: Logger) {
    this.#refused = new RefusedEntries(prisma, log);
  }

  /** Runs in the transaction that makes the session. */
  async loggedIn(tx: Transaction, session: LiveSession, origin: RequestOrigin): Promise<void> {
    const { owner, name, login } = session;
    const actor: AuditActor = { ...ownerOf(owner), name: login ?? name, credential: 'session' };
    const row = auditRow(REQUEST(origin), { actor, ...subjectOf(owner), outcome: 'done' });
    await tx.auditEntry.createMany({ data: [row] });
  }

  /**
   * Writes the same single row whether the login exists or not, so that the duration reveals nothing. The entry names
   * an existing login. Of an unknown login no typed text is kept, because people type passwords into the wrong field.
   */
  async refusedLogin(
    credential: Credential | undefined,
    origin: RequestOrigin,
    code: ErrorCode,
  ): Promise<void> {
    const whose = credential
      ? { ...ownerOf(credential), name: credential.name }
      : ({ kind: 'unknown', id: null, name: null } as const);
    await this.#refused.note(REQUEST(origin), {
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
