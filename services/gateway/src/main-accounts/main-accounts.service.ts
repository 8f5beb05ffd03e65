import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { loginKeyOf } from '../access/login-key.js';
import { requireGoodPassword } from '../access/password-rules.js';
import { hashPassword } from '../access/passwords.js';
import type { Transaction } from '../database/transaction.js';
import type { CommandDraft, Effects } from '../operations/operation.js';
import { mainAccountPath } from '../operations/operation-answers.js';
import type { Ended, WriteRunner } from '../operations/write-runner.js';
import type { Answer } from '../request/idempotency.js';
import { ProblemError } from '../request/problem.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import type { WriteRequest } from '../request/write-request.js';
import { changeCountriesWithin } from '../sender-numbers/change-countries.js';
import { lockMainAccount, type MainAccountsStore } from './main-accounts-store.js';

/** Main accounts: creation, settings, suspension, activation of the feature. */
export class MainAccountsService {
  constructor(
    readonly store: MainAccountsStore,
    private readonly runner: WriteRunner,
  ) {}

  async create(request: ValidatedRequest<'createMainAccount'>): Promise<Answer> {
    const { name, country, login, password, ...opening } = request.body;
    const mainAccountId = `ma_${uuidv7()}`;
    if (password !== undefined) requireGoodPassword('password', password, login === undefined ? [] : [login]);
    const passwordHash = password === undefined ? undefined : await hashPassword(password);
    return this.runner.run(request, {
      mainAccountId,
      command: { name: 'main-account.open', data: { mainAccountId, ...opening } },
      prepare: async (tx) => {
        const loginKey = randomBytes(12).toString('base64url');
        await tx.mainAccount.create({ data: { id: mainAccountId, name, country, loginKey } });
        if (login !== undefined && passwordHash !== undefined) {
          await takeLogin(tx, { login, mainAccountId, passwordHash });
        }
      },
      answer: async (operation) => ({
        status: 201,
        headers: { location: mainAccountPath(operation.mainAccountId) },
        body: await this.store.view(operation.mainAccountId),
      }),
    });
  }

  async patch(request: ValidatedRequest<'patchMainAccount'>): Promise<Answer> {
    const { name, country, ...configuration } = request.body;
    const settings = {
      ...(name === undefined ? {} : { name }),
      ...(country === undefined ? {} : { country }),
    };
    const { id } = request.params;
    await this.store.get(id);
    if (Object.values(configuration).every((value) => value === undefined)) {
      return this.runner.runLocal(request, {
        mainAccountId: id,
        was: (tx) => this.#lockedView(tx, id),
        apply: async (tx) => {
          if (name !== undefined)
            await tx.mainAccount.update({ where: { id }, data: { name, updatedAt: new Date() } });
          if (country !== undefined) await changeCountriesWithin(tx, new Map([[id, country]]));
          return { status: 200, body: await this.store.within(tx).view(id) };
        },
      });
    }
    const command = {
      name: 'main-account.configure',
      data: { mainAccountId: id, ...configuration },
    } as const;
    const isOwn = Object.keys(settings).length > 0;
    return this.command(request, id, command, isOwn ? { mainAccount: settings } : undefined);
  }

  /** Runs a command on the whole main account, and answers with the account. */
  async command(
    request: WriteRequest,
    id: string,
    command: CommandDraft,
    effects?: Effects,
  ): Promise<Answer> {
    const row = await this.store.get(id);
    return this.runner.run(request, {
      mainAccountId: id,
      command,
      was: { ...this.store.toView(row), suspended: row.suspensions.includes('operator') },
      ...(effects ? { effects } : {}),
      answer: (operation) => this.#answer(operation),
    });
  }

  /** Requests activation from the help desk. A repeated request, or one for an active feature, changes nothing. */
  async requestActivation(request: ValidatedRequest<'requestActivation'>): Promise<Answer> {
    const { id } = request.params;
    const { feature } = await this.store.get(id);
    return this.runner.runLocal(request, {
      mainAccountId: id,
      was: (tx) => this.#lockedView(tx, id),
      apply: async (tx) => {
        if (feature === 'inactive') {
          await tx.mainAccount.updateMany({
            where: { id, activationRequestedAt: null },
            data: { activationRequestedAt: new Date(), activationNote: null, updatedAt: new Date() },
          });
        }
        return { status: 200, body: await this.store.within(tx).view(id) };
      },
    });
  }

  async decideActivation(request: ValidatedRequest<'decideActivation'>): Promise<Answer> {
    const { id } = request.params;
    const { decision, note } = request.body;
    const withNote = note === undefined ? {} : { note };
    if (decision === 'approve') {
      const effects = { mainAccount: { closesActivationRequest: true, ...withNote } };
      return this.command(request, id, { name: 'feature.activate', data: { mainAccountId: id } }, effects);
    }
    await this.store.get(id);
    return this.runner.runLocal(request, {
      mainAccountId: id,
      was: (tx) => this.#lockedView(tx, id),
      apply: async (tx) => {
        await tx.mainAccount.update({
          where: { id },
          data: { activationRequestedAt: null, activationNote: note ?? null, updatedAt: new Date() },
        });
        return { status: 200, body: await this.store.within(tx).view(id) };
      },
    });
  }

  /** Locks the row, so that the entry of the second of two changes contains the result of the first. */
  async #lockedView(tx: Transaction, id: string) {
    await lockMainAccount(tx, id);
    return this.store.within(tx).view(id);
  }

  async #answer(operation: Ended): Promise<Answer> {
    return { status: 200, body: await this.store.view(operation.mainAccountId) };
  }
}

async function takeLogin(
  tx: Transaction,
  { login, mainAccountId, passwordHash }: { login: string; mainAccountId: string; passwordHash: string },
): Promise<void> {
  const { count } = await tx.login.createMany({
    data: [{ loginKey: loginKeyOf(login), login, kind: 'main', mainAccountId, passwordHash }],
    skipDuplicates: true,
  });
  if (count === 0) throw new ProblemError('login-taken');
}
