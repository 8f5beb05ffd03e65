import type { Scope, Who } from '@subledger/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { ProblemError } from '../http/problem.js';
import { hashApiKey } from './api-key.js';
import type { Principal } from './principal.js';
import { SharedRead } from './shared-read.js';

const BEARER = /^Bearer +([\x21-\x7e]{1,512}) *$/i;

/** What is stored of a key. */
type KeyRow = NonNullable<Awaited<ReturnType<PrismaClient['apiKey']['findUnique']>>>;

/** Turns the credential of a request into a principal. */
export class Authenticator {
  private readonly rows: SharedRead<KeyRow | null>;

  constructor(prisma: PrismaClient) {
    const read = (keyHash: string) =>
      prisma.apiKey.findUnique({ where: { keyHash: Buffer.from(keyHash, 'base64') } });
    this.rows = new SharedRead(read);
  }

  /**
   * Not cached, only shared by requests that come together: a revoked key stops at once.
   *
   * @throws ProblemError `unauthorized` without a valid key
   */
  async authenticate(authorization: string | undefined): Promise<Principal> {
    const key = BEARER.exec(authorization ?? '')?.[1];
    const row =
      key === undefined ? null : await this.rows.get(Buffer.from(hashApiKey(key)).toString('base64'));
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
