import type { Scope, Who } from '@subledger/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { ProblemError } from '../http/problem.js';
import { hashApiKey } from './api-key.js';
import type { Principal } from './principal.js';

const BEARER = /^Bearer +([\x21-\x7e]{1,512}) *$/i;

/** Turns the credential of a request into a principal. */
export class Authenticator {
  constructor(private readonly prisma: PrismaClient) {}

  /**
   * Not cached: a revoked key stops at once.
   *
   * @throws ProblemError `unauthorized` without a valid key
   */
  async authenticate(authorization: string | undefined): Promise<Principal> {
    const key = BEARER.exec(authorization ?? '')?.[1];
    const row =
      key === undefined ? null : await this.prisma.apiKey.findUnique({ where: { keyHash: hashApiKey(key) } });
    if (key === undefined || row === null) throw unauthorized();
    const scopes = new Set(row.scopes as Scope[]);
    return {
      who: whoOf(row.mainAccountId, scopes),
      ...(row.mainAccountId === null ? {} : { mainAccountId: row.mainAccountId }),
      scopes,
      credentialId: row.id,
      secret: key,
    };
  }
}

function whoOf(mainAccountId: string | null, scopes: ReadonlySet<Scope>): Who {
  if (mainAccountId !== null) return 'main';
  return scopes.has('operator') ? 'operator' : 'upstream';
}

function unauthorized(): ProblemError {
  return new ProblemError('unauthorized', {}, { 'www-authenticate': 'Bearer realm="subledger"' });
}
