import type { Transaction } from '../database/transaction.js';
import { Prisma } from '../generated/prisma/client.js';
import type { MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import type { WriteRunner } from '../operations/write-runner.js';
import type { Answer } from '../request/idempotency.js';
import { ProblemError } from '../request/problem.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import type { SubAccountsStore } from '../sub-accounts/sub-accounts-store.js';
import type { LoginAttempts } from './login-attempts.js';
import { requireGoodPassword } from './password-rules.js';
import { hashPassword } from './passwords.js';

const DONE: Answer = { status: 204 };

/**
 * Help for users who cannot log in, or whose sessions must end: by an operator, or for sub-accounts by the customer.
 */
export class LoginsService {
  constructor(
    private readonly mains: MainAccountsStore,
    private readonly subs: SubAccountsStore,
    private readonly attempts: LoginAttempts,
    private readonly runner: WriteRunner,
  ) {}

  /** @throws ProblemError `not-found` if the customer has no login */
  async setPassword(request: ValidatedRequest<'setMainAccountPassword'>): Promise<Answer> {
    const { id: mainAccountId } = request.params;
    const { password } = request.body;
    await this.mains.get(mainAccountId);
    const passwordHash = await hashPassword(password);
    return this.runner.runLocal(request, {
      mainAccountId,
      apply: async (tx) => {
        const logins = await tx.login.findMany({ where: { mainAccountId }, select: { login: true } });
        if (logins.length === 0)
          throw new ProblemError('not-found', { detail: 'The customer was created without a login.' });
        requireGoodPassword(
          'password',
          password,
          logins.map(({ login }) => login),
        );
        await tx.login.updateMany({
          where: { mainAccountId },
          data: { passwordHash, updatedAt: new Date() },
        });
        await endSessions(tx, Prisma.sql`kind = 'main' AND main_account_id = ${mainAccountId}`);
        await this.attempts.reset(tx, mainAccountId);
        return DONE;
      },
    });
  }

  async endMainSessions(request: ValidatedRequest<'endMainAccountSessions'>): Promise<Answer> {
    const { id: mainAccountId } = request.params;
    await this.mains.get(mainAccountId);
    return this.runner.runLocal(request, {
      mainAccountId,
      apply: async (tx) => {
        await endSessions(tx, Prisma.sql`kind = 'main' AND main_account_id = ${mainAccountId}`);
        return DONE;
      },
    });
  }

  async endSubSessions(request: ValidatedRequest<'endSubAccountSessions'>): Promise<Answer> {
    const { id: mainAccountId, sub } = request.params;
    await this.subs.get(mainAccountId, sub);
    return this.runner.runLocal(request, {
      mainAccountId,
      apply: async (tx) => {
        await endSessions(tx, Prisma.sql`main_account_id = ${mainAccountId} AND sub_account_id = ${sub}`);
        return DONE;
      },
    });
  }

  async resetAttempts(request: ValidatedRequest<'resetLoginAttempts'>): Promise<Answer> {
    const { id: mainAccountId } = request.params;
    await this.mains.get(mainAccountId);
    return this.runner.runLocal(request, {
      mainAccountId,
      apply: async (tx) => {
        await this.attempts.reset(tx, mainAccountId);
        return DONE;
      },
    });
  }
}

const endSessions = (tx: Transaction, of: Prisma.Sql): Promise<number> =>
  tx.$executeRaw(Prisma.sql`DELETE FROM session WHERE ${of}`);
