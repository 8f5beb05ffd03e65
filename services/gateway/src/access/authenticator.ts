import type { Scope, Who } from '@subledger/contracts';
import type { LiveSession, Principal } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import { hashApiKey, toKeyId } from './api-key.js';
import type { KeyUse } from './key-use.js';
import type { KnownKeys } from './known-keys.js';
import type { SessionCookie } from './session-cookie.js';
import type { SessionStore } from './session-store.js';

const BEARER = /^Bearer +([\x21-\x7e]{1,512}) *$/i;

/** Request headers that may contain a credential. */
export interface CredentialHeaders {
  readonly authorization?: string | undefined;
  readonly cookie?: string | undefined;
}

/** Turns the credential of a request into a principal. */
export class Authenticator {
  constructor(
    private readonly keys: KnownKeys,
    private readonly use: Pick<KeyUse, 'note'>,
    private readonly sessions: SessionStore,
    private readonly cookie: SessionCookie,
  ) {}

  /**
   * Authenticates by key, or otherwise by the session cookie. Revoked keys and ended sessions fail at once.
   *
   *
   * @throws ProblemError `unauthorized` without a valid credential
   */
  async authenticate({ authorization, cookie }: CredentialHeaders): Promise<Principal> {
    if (authorization !== undefined) return this.#byKey(authorization);
    const token = this.cookie.read(cookie);
    const session = token === undefined ? undefined : await this.sessions.find(token);
    if (token === undefined || session === undefined) throw unauthorized();
    return principalOfSession(session, token);
  }

  async #byKey(authorization: string): Promise<Principal> {
    const key = BEARER.exec(authorization)?.[1];
    const row = key === undefined ? undefined : await this.keys.find(toKeyId(hashApiKey(key)));
    if (key === undefined || row === undefined || hasExpired(row)) throw unauthorized();
    this.use.note(row.id);
    const scopes = new Set(row.scopes as Scope[]);
    return {
      who: whoOf(row.mainAccountId, scopes),
      ...(row.mainAccountId === null ? {} : { mainAccountId: row.mainAccountId }),
      scopes,
      credentialId: row.id,
      name: row.name,
      secret: key,
    };
  }
}

const hasExpired = ({ expiresAt }: { readonly expiresAt: Date | null }): boolean =>
  expiresAt !== null && expiresAt.getTime() <= Date.now();

/** A login may do everything that its kind of caller may do. */
export const SCOPES_OF_SESSION: Record<LiveSession['owner']['kind'], readonly Scope[]> = {
  operator: ['operator'],
  main: ['read', 'write'],
  sub: ['read', 'write'],
};

function principalOfSession(session: LiveSession, token: string): Principal {
  const { owner } = session;
  return {
    who: owner.kind,
    ...(owner.mainAccountId === null ? {} : { mainAccountId: owner.mainAccountId }),
    ...(owner.kind === 'sub' ? { subAccountId: owner.subAccountId } : {}),
    session,
    scopes: new Set(SCOPES_OF_SESSION[owner.kind]),
    credentialId: session.id,
    name: session.name,
    secret: token,
  };
}

function whoOf(mainAccountId: string | null, scopes: ReadonlySet<Scope>): Who {
  if (mainAccountId !== null) return 'main';
  return scopes.has('operator') ? 'operator' : 'upstream';
}

/** The same problem for every reason, so that it reveals nothing (OWASP Authentication Cheat Sheet). */
export function unauthorized(): ProblemError {
  return new ProblemError('unauthorized', {}, { 'www-authenticate': 'Bearer realm="subledger"' });
}
