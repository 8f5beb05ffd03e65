import type { MeView } from '@subledger/contracts';
import { v7 as uuidv7 } from 'uuid';
import { loginKeyOf } from '../access/login-key.js';
import { requireGoodPassword } from '../access/password-rules.js';
import { hashPassword } from '../access/passwords.js';
import type { Transaction } from '../database/transaction.js';
import { Prisma } from '../generated/prisma/client.js';
import type { MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import type { CommandDraft, Effects } from '../operations/operation.js';
import { subAccountPath } from '../operations/operation-answers.js';
import type { Ended, LedgerWrite, WriteRunner } from '../operations/write-runner.js';
import type { Answer } from '../request/idempotency.js';
import type { Principal } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import type { WriteRequest } from '../request/write-request.js';
import { noteProfileChangesWithin } from '../sender-numbers/profile-changes.js';
import { inE164, requireRegistered } from '../sender-numbers/sender-numbers.service.js';
import { reserveName } from './sub-account-names.js';
import { etagOf, type SubAccountRow, type SubAccountsStore, toSubAccountView } from './sub-accounts-store.js';

type PlainRoute = 'pauseSubAccount' | 'resumeSubAccount' | 'deactivateSubAccount' | 'reactivateSubAccount';
type PlainCommand = `sub-account.${'pause' | 'resume' | 'deactivate' | 'reactivate'}`;

/** Sub-accounts: creation, settings, and the commands of their life cycle. */
export class SubAccountsService {
  constructor(
    readonly store: SubAccountsStore,
    private readonly mains: MainAccountsStore,
    private readonly runner: WriteRunner,
  ) {}

  async create(written: ValidatedRequest<'createSubAccount'>): Promise<Answer> {
    const mainAccountId = written.params.id;
    const validated = withNumbers(written, await this.mains.get(mainAccountId));
    const { name, password, limit, senderNumbers = [], priority } = validated.body;
    const subAccountId = `sa_${uuidv7()}`;
    requireGoodPassword('password', password, [name]);
    const passwordHash = await hashPassword(password);
    return this.runner.run(validated, {
      mainAccountId,
      subAccountId,
      command: {
        name: 'sub-account.open',
        data: { mainAccountId, subAccountId, limit, ...(priority === undefined ? {} : { priority }) },
      },
      prepare: async (tx, operationId) => {
        await requireRegistered(tx, mainAccountId, senderNumbers);
        await reserveName(tx, { mainAccountId, subAccountId, name, operationId });
        await tx.subAccount.create({
          data: { mainAccountId, id: subAccountId, name, passwordHash, senderNumbers },
        });
      },
      answer: async (operation) => {
        const { status, body, headers } = await this.#answer(operation);
        const location = subAccountPath(operation.mainAccountId, operation.subAccountId ?? '');
        return { status: status === 200 ? 201 : status, body, headers: { ...headers, location } };
      },
    });
  }

  async get(mainAccountId: string, id: string): Promise<Answer> {
    const row = await this.store.get(mainAccountId, id);
    return { status: 200, headers: { etag: etagOf(row) }, body: toSubAccountView(row) };
  }

  /**
   * What a sub-account sees of itself.
   * @throws ProblemError `not-found` if it was deleted a moment ago
   */
  async me({ mainAccountId = '', subAccountId = '' }: Principal): Promise<MeView> {
    const row = await this.store.get(mainAccountId, subAccountId);
    const { id, name, timeZone } = await this.mains.get(mainAccountId);
    return { ...toSubAccountView(row), mainAccount: { id, name, timeZone } };
  }

  async list(validated: ValidatedRequest<'listSubAccounts'>) {
    const found = await this.store.list(validated.params.id, validated.query);
    // If there are sub-accounts, the main account exists. It must be checked only for an empty page.
    if (found.items.length === 0) await this.mains.get(validated.params.id);
    return found;
  }

  /** Runs a command on a sub-account, and answers with the sub-account. */
  async command(
    validated: WriteRequest & { readonly params: { readonly id: string; readonly sub: string } },
    command: CommandDraft,
  ): Promise<Answer> {
    const { id: mainAccountId, sub: subAccountId } = validated.params;
    const answer = (operation: Ended) => this.#answer(operation);
    return this.#about(validated, answer, (row) =>
      this.runner.run(validated, {
        mainAccountId,
        subAccountId,
        was: toSubAccountView(row),
        command,
        answer,
      }),
    );
  }

  /** Runs a command that needs only the ids. */
  async plainCommand(validated: ValidatedRequest<PlainRoute>, name: PlainCommand): Promise<Answer> {
    return this.command(validated, {
      name,
      data: { mainAccountId: validated.params.id, subAccountId: validated.params.sub },
    });
  }

  async delete(validated: ValidatedRequest<'deleteSubAccount'>): Promise<Answer> {
    const { id: mainAccountId, sub: subAccountId } = validated.params;
    const command = { name: 'sub-account.delete', data: { mainAccountId, subAccountId } } as const;
    const answer = async () => ({ status: 204 });
    return this.#about(validated, answer, (row) =>
      this.runner.run(validated, {
        mainAccountId,
        subAccountId,
        was: toSubAccountView(row),
        command,
        answer,
      }),
    );
  }

  /**
   * Changes all given settings or none. Only the limit can be refused, so it goes first, and the gateway's own fields
   * (name, password, sender numbers) commit with its acceptance. The priority, which is never refused, follows.
   */
  async patch(written: ValidatedRequest<'patchSubAccount'>): Promise<Answer> {
    const namesNumbers = written.body.senderNumbers !== undefined;
    const validated = namesNumbers ? withNumbers(written, await this.mains.get(written.params.id)) : written;
    return this.#about(
      validated,
      (operation) => this.#answer(operation),
      (row) => this.#patchRow(validated, row),
    );
  }

  async #patchRow(validated: ValidatedRequest<'patchSubAccount'>, row: SubAccountRow): Promise<Answer> {
    const { id: mainAccountId, sub: subAccountId } = validated.params;
    const { limit, effective, priority, name, password, senderNumbers } = validated.body;
    if (password !== undefined) requireGoodPassword('password', password, [row.name, name ?? row.name]);
    const settings: NonNullable<Effects['subAccount']> = {
      ...(name === undefined ? {} : { name }),
      ...(password === undefined ? {} : { passwordHash: await hashPassword(password) }),
      ...(senderNumbers === undefined ? {} : { senderNumbers }),
    };
    const ids = { mainAccountId, subAccountId };
    const commands: CommandDraft[] = [];
    if (limit !== undefined) {
      commands.push({ name: 'limit.change', data: { ...ids, limit, effective: effective ?? 'immediately' } });
    }
    if (priority !== undefined) commands.push({ name: 'sub-account.configure', data: { ...ids, priority } });
    const [command, then] = commands;
    if (!command) return this.#patchLocally(validated, settings);
    return this.runner.run(validated, {
      ...ids,
      command,
      was: toSubAccountView(row),
      ...(then ? { then } : {}),
      ...(Object.keys(settings).length > 0 ? { effects: { subAccount: settings } } : {}),
      ...this.#preparation(validated),
      answer: (operation) => this.#answer(operation),
    });
  }

  /** A write on an existing sub-account, or a repeat of an earlier write. */
  #about(
    validated: WriteRequest & { readonly params: { readonly id: string; readonly sub: string } },
    answer: LedgerWrite['answer'],
    write: (row: SubAccountRow) => Promise<Answer>,
  ): Promise<Answer> {
    const { id, sub } = validated.params;
    return this.runner.about(validated, answer, () => this.store.get(id, sub), write);
  }

  /** Changes that commit with the operation: usually only the lock of the row. */
  #preparation(
    validated: ValidatedRequest<'patchSubAccount'>,
  ): Pick<LedgerWrite, 'locksSubAccount' | 'prepare'> {
    const { id: mainAccountId, sub: subAccountId } = validated.params;
    const { name, senderNumbers } = validated.body;
    if (name === undefined && senderNumbers === undefined && !isConditional(validated))
      return { locksSubAccount: true };
    return {
      prepare: async (tx, operationId) => {
        await requireRegistered(tx, mainAccountId, senderNumbers);
        await this.#lockUnchanged(tx, validated);
        if (name !== undefined) await reserveName(tx, { mainAccountId, subAccountId, name, operationId });
      },
    };
  }

  #patchLocally(
    validated: ValidatedRequest<'patchSubAccount'>,
    { name, passwordHash, senderNumbers }: NonNullable<Effects['subAccount']>,
  ): Promise<Answer> {
    const { id: mainAccountId, sub: subAccountId } = validated.params;
    return this.runner.runLocal(validated, {
      mainAccountId,
      was: async (tx) => {
        await requireRegistered(tx, mainAccountId, senderNumbers);
        await this.#lockUnchanged(tx, validated);
        const row = await this.store.within(tx).find(mainAccountId, subAccountId);
        return row && toSubAccountView(row);
      },
      apply: async (tx) => {
        if (name !== undefined) {
          await reserveName(tx, { mainAccountId, subAccountId, name, operationId: null });
          await tx.subAccountName.deleteMany({
            where: { mainAccountId, subAccountId, operationId: null, nameKey: { not: loginKeyOf(name) } },
          });
        }
        await tx.subAccount.update({
          where: { mainAccountId_id: { mainAccountId, id: subAccountId } },
          data: {
            ...(name === undefined ? {} : { name }),
            ...(passwordHash === undefined ? {} : { passwordHash }),
            ...(senderNumbers === undefined ? {} : { senderNumbers: [...senderNumbers] }),
            settingsVersion: { increment: 1 },
            updatedAt: new Date(),
          },
        });
        await noteProfileChangesWithin(tx, [{ mainAccountId, subAccountId }]);
        // It no longer exists: it was deleted while this waited for the row, so everything is rolled back.
        const row = await this.store.within(tx).get(mainAccountId, subAccountId);
        return { status: 200, headers: { etag: etagOf(row) }, body: toSubAccountView(row) };
      },
    });
  }

  /**
   * Locks the row, so that the second of two changes with one ETag sees the first.
   *
   *
   * @throws ProblemError `precondition-failed` if the settings differ from `If-Match`, or are changing
   */
  async #lockUnchanged(tx: Transaction, validated: ValidatedRequest<'patchSubAccount'>): Promise<void> {
    const { id: mainAccountId, sub: subAccountId } = validated.params;
    await tx.$queryRaw(
      Prisma.sql`SELECT 1 FROM sub_account WHERE main_account_id = ${mainAccountId} AND id = ${subAccountId} FOR UPDATE`,
    );
    if (!isConditional(validated)) return;
    const changing = await tx.operation.count({
      where: { mainAccountId, subAccountId, nextSendAt: { not: null }, action: 'patchSubAccount' },
    });
    const etag = etagOf(await this.store.within(tx).get(mainAccountId, subAccountId));
    if (changing > 0 || !validated.ifMatch?.includes(etag)) throw new ProblemError('precondition-failed');
  }

  /**
   * Its current state. It may have been deleted since. Then its operation still succeeded, and the answer says so.
   */
  async #answer(operation: Ended): Promise<Answer> {
    const row = await this.store.find(operation.mainAccountId, operation.subAccountId ?? '');
    if (!row) throw new Error('The outcome is there without its sub-account');
    return { status: 200, headers: { etag: etagOf(row) }, body: toSubAccountView(row) };
  }
}

/** Whether the request has an `If-Match`. */
const isConditional = ({ ifMatch }: ValidatedRequest<'patchSubAccount'>): boolean =>
  ifMatch !== undefined && !ifMatch.includes('*');

/**
 * The request with its sender numbers in E.164.
 * @throws ProblemError `validation-failed` with each text that is not a number
 */
function withNumbers<Request extends { readonly body: { readonly senderNumbers?: string[] | undefined } }>(
  request: Request,
  { country }: { readonly country: string },
): Request {
  const { senderNumbers } = request.body;
  if (senderNumbers === undefined) return request;
  return { ...request, body: { ...request.body, senderNumbers: inE164(senderNumbers, country) } };
}
