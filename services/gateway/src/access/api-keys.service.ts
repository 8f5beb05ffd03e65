import { MAX_API_KEYS, type Scope } from '@subledger/contracts';
import { v7 as uuidv7 } from 'uuid';
import { decodeCursor, page } from '../database/cursor.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import { OUTCOME_CHANNEL } from '../operations/outcome-channel.js';
import { encodeNotice } from '../operations/outcome-notice.js';
import type { WriteRunner } from '../operations/write-runner.js';
import type { CustomerLimits } from '../request/customer-limits.js';
import type { Answer } from '../request/idempotency.js';
import { ProblemError } from '../request/problem.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { hashApiKey, newApiKey, toKeyId } from './api-key.js';
import type { KnownKeys } from './known-keys.js';

/** API keys of main accounts. */
export class ApiKeysService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly mains: MainAccountsStore,
    private readonly runner: WriteRunner,
    private readonly keys: KnownKeys,
    private readonly limits: CustomerLimits,
  ) {}

  /** @throws ProblemError `too-many-api-keys`, or `validation-failed` if the key would already have expired */
  async create(request: ValidatedRequest<'createApiKey'>): Promise<Answer> {
    const mainAccountId = request.params.id;
    await this.mains.get(mainAccountId);
    const { name, scopes } = request.body;
    const expiresAt = request.body.expiresAt === undefined ? null : new Date(request.body.expiresAt);
    if (expiresAt !== null && expiresAt.getTime() <= Date.now())
      throw ProblemError.invalid([{ path: 'expiresAt', message: 'must be in the future' }]);
    return this.runner.runLocal(request, {
      mainAccountId: request.params.id,
      made: ({ body }) => ({ key: (body as { id: string }).id }),
      apply: async (tx) => {
        // Locked, because otherwise two concurrent requests could both take the last allowed place.
        await tx.$queryRaw`SELECT 1 FROM main_account WHERE id = ${mainAccountId} FOR NO KEY UPDATE`;
        if ((await tx.apiKey.count({ where: { mainAccountId } })) >= MAX_API_KEYS) {
          this.limits.refused('api-keys', mainAccountId);
          throw new ProblemError('too-many-api-keys');
        }
        const id = `ak_${uuidv7()}`;
        const key = newApiKey();
        await tx.apiKey.create({
          data: { id, mainAccountId, name, scopes, expiresAt, keyHash: hashApiKey(key) },
        });
        return {
          status: 201,
          headers: { location: `/v1/main-accounts/${mainAccountId}/api-keys/${id}` },
          body: { id, key },
        };
      },
    });
  }

  async list(request: ValidatedRequest<'listApiKeys'>) {
    const mainAccountId = request.params.id;
    await this.mains.get(mainAccountId);
    const [after] = decodeCursor(request.query.cursor, 'api-keys', 1) ?? [];
    const rows = await this.prisma.apiKey.findMany({
      where: { mainAccountId, ...(after === undefined ? {} : { id: { gt: after } }) },
      orderBy: { id: 'asc' },
      take: request.query.limit + 1,
    });
    return page(
      rows,
      request.query.limit,
      (row) => ({
        id: row.id,
        name: row.name,
        scopes: row.scopes as Scope[],
        createdAt: row.createdAt.toISOString(),
        expiresAt: row.expiresAt?.toISOString() ?? null,
        lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
      }),
      (row) => ({ list: 'api-keys', keys: [row.id] }),
    );
  }

  /**
   * Revokes a key. After the answer every instance refuses the key.
   *
   *
   * @throws ProblemError `not-found` if this main account has no such key
   */
  async revoke(request: ValidatedRequest<'deleteApiKey'>): Promise<Answer> {
    let revoked: string | undefined;
    const answer = await this.runner.runLocal(request, {
      mainAccountId: request.params.id,
      was: async (tx) => {
        const where = { id: request.params.key, mainAccountId: request.params.id };
        return (await tx.apiKey.findFirst({ where, select: { name: true, scopes: true } })) ?? undefined;
      },
      apply: async (tx) => {
        const where = { id: request.params.key, mainAccountId: request.params.id };
        const row = await tx.apiKey.findFirst({ where });
        const { count } = await tx.apiKey.deleteMany({ where });
        if (row === null || count === 0) throw ProblemError.notFound();
        revoked = toKeyId(row.keyHash);
        await tx.$executeRaw`SELECT pg_notify(${OUTCOME_CHANNEL}, ${encodeNotice({ revoked })})`;
        return { status: 204 };
      },
    });
    if (revoked !== undefined) this.keys.forget(revoked);
    await this.keys.outdated();
    return answer;
  }
}
