import { type CreateSession, type SessionView, subAccountPassword } from '@subledger/contracts';
import { actorOf, auditRow } from '../audit/audit-entry.js';
import type { RefusedEntries } from '../audit/refused-entries.js';
import type { Transaction } from '../database/transaction.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import { notifyChangesWithin } from '../operations/change-notice.js';
import type { Answer } from '../request/idempotency.js';
import type { LiveSession, Principal } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import type { RequestOrigin } from '../request/request-origin.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { SCOPES_OF_SESSION, unauthorized } from './authenticator.js';
import { accountOf, type Credential, type Credentials } from './credentials.js';
import type { KnownDevices } from './known-devices.js';
import { type Attempt, type LoginAttempts, TooManyAttempts } from './login-attempts.js';
import type { LoginEntries } from './login-entries.js';
import { requireGoodPassword } from './password-rules.js';
import { hashPassword, isOutdated, verifyPassword } from './passwords.js';
import type { DeviceCookie, SessionCookie } from './session-cookie.js';
import type { SessionStore } from './session-store.js';
import { csrfTokenOf, newSessionToken } from './session-token.js';

/** Origin of a request, and its existing session. */
export interface LoginSource {
  readonly origin: RequestOrigin;
  readonly cookie: string | undefined;
}

export interface SessionParts {
  readonly prisma: PrismaClient;
  readonly credentials: Credentials;
  readonly attempts: LoginAttempts;
  readonly store: SessionStore;
  readonly cookie: SessionCookie;
  readonly devices: KnownDevices;
  readonly deviceCookie: DeviceCookie;
  /** Hash of a random password. Unknown logins are compared with it, so that they take as long as known ones. */
  readonly decoyHash: string;
  readonly entries: LoginEntries;
  readonly refused: RefusedEntries;
}

/** Login, logout, and changing one's own password. */
export class SessionsService {
  constructor(private readonly parts: SessionParts) {}

  /** @throws ProblemError `unauthorized`, the same for every reason, or `too-many-requests` */
  async logIn(login: CreateSession, { origin, cookie }: LoginSource): Promise<Answer> {
    const { attempts, credentials, devices, entries } = this.parts;
    const credential = await credentials.find(login);
    const account = accountOf(login, credential);
    const browser = this.parts.deviceCookie.read(cookie);
    const device = await devices.find(browser, account.key);
    const attempt = await attempts.ofLogin(account, origin.address, device).catch(async (error: unknown) => {
      // Only the first refusal per count, so that repeated attempts do not fill the log.
      if (error instanceof TooManyAttempts && error.isFirst)
        await entries.refusedLogin(credential, origin, error.code);
      throw error;
    });
    if (!(await this.#isRight(credential, login.password, attempt)) || !credential) {
      await entries.refusedLogin(credential, origin, 'unauthorized');
      throw unauthorized();
    }
    await attempts.succeeded(attempt);
    const upgraded = await this.#upgrade(credential, login.password);
    let known = '';
    const answer = await this.#open(upgraded, this.parts.cookie.read(cookie), async (tx, session) => {
      known = await devices.remember(tx, browser, account.key, device !== undefined);
      await entries.loggedIn(tx, session, origin);
    });
    const cookies = [answer.headers?.['set-cookie'] ?? [], this.parts.deviceCookie.write(known)].flat();
    return { ...answer, status: 201, headers: { 'set-cookie': cookies, location: '/v1/session' } };
  }

  /**
   * A login is the only moment at which a hash can be renewed. The password is the same, so the login's other
   * sessions continue.
   */
  async #upgrade(credential: Credential, password: string): Promise<Credential> {
    if (!isOutdated(credential.passwordHash)) return credential;
    const { credentials, prisma } = this.parts;
    const passwordHash = await hashPassword(password);
    const isUpgraded = await prisma.$transaction((tx) => credentials.upgrade(tx, credential, passwordHash));
    return isUpgraded ? { ...credential, passwordHash } : credential;
  }

  async logOut(request: ValidatedRequest<'deleteSession'>): Promise<Answer> {
    const { prisma, store, cookie } = this.parts;
    const { principal } = request;
    await prisma.$transaction(async (tx) => {
      await store.within(tx).end(principal.secret);
      await tx.auditEntry.createMany({
        data: [auditRow(request, { ...factsOf(principal), outcome: 'done' })],
      });
    });
    return { status: 204, headers: { 'set-cookie': cookie.clear() } };
  }

  /**
   * Changes the caller's password. All sessions of the login end, because they were made with the old one. The caller
   * gets a new session.
   */
  async changePassword(request: ValidatedRequest<'changePassword'>): Promise<Answer> {
    const { owner, name, login } = sessionOf(request.principal);
    if (owner.kind === 'sub') requireSubAccountPassword(request.body.newPassword);
    requireGoodPassword('newPassword', request.body.newPassword, [login ?? name]);
    const changed = await this.parts.refused.around(request, factsOf(request.principal), () =>
      this.#replacePassword(request, owner),
    );
    return this.#open(changed, request.principal.secret);
  }

  /** @throws ProblemError `validation-failed` if the current password is wrong */
  async #replacePassword(
    request: ValidatedRequest<'changePassword'>,
    owner: LiveSession['owner'],
  ): Promise<Credential> {
    const { credentials, attempts, prisma } = this.parts;
    const { principal, body } = request;
    const attempt = await attempts.ofOwnPassword(owner);
    const credential = await credentials.of(owner);
    if (!(await this.#isRight(credential, body.currentPassword, attempt)) || !credential)
      throw wrongCurrent();
    await attempts.succeeded(attempt);
    const passwordHash = await hashPassword(body.newPassword);
    await prisma.$transaction(async (tx) => {
      // Another request has changed it since it was verified.
      if (!(await credentials.replace(tx, credential, passwordHash))) throw wrongCurrent();
      await tx.auditEntry.createMany({
        data: [auditRow(request, { ...factsOf(principal), outcome: 'done' })],
      });
      if (owner.kind === 'sub') await notifyChangesWithin(tx, owner.mainAccountId);
    });
    return { ...credential, passwordHash };
  }

  /** The caller, by session or by key. */
  async view(principal: Principal): Promise<SessionView> {
    const { session, who, mainAccountId = null, credentialId } = principal;
    if (session) return viewOf(session, principal.secret);
    const key = await this.parts.prisma.apiKey.findUnique({ where: { id: credentialId } });
    if (!key) throw unauthorized();
    return {
      who,
      name: key.name,
      login: null,
      mainAccountId,
      subAccountId: null,
      scopes: [...principal.scopes],
      csrfToken: null,
      expiresAt: null,
    };
  }

  async #isRight(credential: Credential | undefined, password: string, attempt: Attempt) {
    try {
      const stored = credential?.passwordHash ?? this.parts.decoyHash;
      return await verifyPassword(stored, password, attempt.isKnownDevice);
    } catch (error) {
      await this.parts.attempts.notTried(attempt);
      throw error;
    }
  }

  /** Makes a new session, and ends the one that the request came with. */
  async #open(
    credential: Credential,
    before: string | undefined,
    opened?: (tx: Transaction, session: LiveSession) => Promise<void>,
  ): Promise<Answer> {
    const { prisma, store, cookie } = this.parts;
    const token = newSessionToken();
    const session = await prisma.$transaction(async (tx) => {
      const within = store.within(tx);
      if (before !== undefined) await within.end(before);
      const made = (await within.create(token, credential)) ? await within.find(token) : undefined;
      if (made) await opened?.(tx, made);
      return made;
    });
    // The sub-account was deactivated, or its password changed, meanwhile.
    if (!session) throw unauthorized();
    return { status: 200, headers: { 'set-cookie': cookie.write(token) }, body: viewOf(session, token) };
  }
}

function viewOf({ owner, name, login, expiresAt }: LiveSession, token: string): SessionView {
  return {
    who: owner.kind,
    name,
    login,
    mainAccountId: owner.mainAccountId,
    subAccountId: owner.kind === 'sub' ? owner.subAccountId : null,
    scopes: [...SCOPES_OF_SESSION[owner.kind]],
    csrfToken: csrfTokenOf(token),
    expiresAt: expiresAt.toISOString(),
  };
}

/** Facts of an entry about the caller's own account. */
const factsOf = (principal: Principal) => ({
  actor: actorOf(principal),
  mainAccountId: principal.mainAccountId ?? null,
  subAccountId: principal.subAccountId ?? null,
});

function sessionOf({ session }: Principal): LiveSession {
  if (!session) throw new Error('The route let a key in');
  return session;
}

const wrongCurrent = (): ProblemError =>
  ProblemError.invalid([{ path: 'currentPassword', message: 'is not the current password' }]);

/** A sub-account's password has letters and digits only, also when the main account sets it. */
function requireSubAccountPassword(password: string): void {
  const { error } = subAccountPassword.safeParse(password);
  if (error)
    throw ProblemError.invalid([
      { path: 'newPassword', message: error.issues[0]?.message ?? 'is not valid' },
    ]);
}
