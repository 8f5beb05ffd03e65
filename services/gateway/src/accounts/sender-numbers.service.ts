import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import type { Asked } from '../http/asked.js';
import { ProblemError } from '../http/problem.js';
import type { Answer } from '../operations/idempotency.js';
import type { Transaction, WriteRunner } from '../operations/write-runner.js';
import { noteProfileChangesWithin } from '../profiles/profile-changes.js';
import { lockMainAccount, type MainAccountsStore } from './main-accounts-store.js';

/** K Premium numbers: registered per main account, allowed per sub-account. */
export class SenderNumbersService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly mains: MainAccountsStore,
    private readonly runner: WriteRunner,
  ) {}

  async get(mainAccountId: string) {
    await this.mains.get(mainAccountId);
    const { senderNumbers } = await this.prisma.mainAccount.findUniqueOrThrow({
      where: { id: mainAccountId },
    });
    return { senderNumbers };
  }

  /** Sets the whole list; what is taken off leaves the sub-accounts in the same transaction. */
  async put(asked: Asked<'putSenderNumbers'>): Promise<Answer> {
    const { id } = asked.params;
    const { senderNumbers } = asked.body;
    await this.mains.get(id);
    return this.runner.runLocal(asked, {
      mainAccountId: id,
      was: async (tx) => {
        await lockMainAccount(tx, id);
        return tx.mainAccount.findUniqueOrThrow({ where: { id }, select: { senderNumbers: true } });
      },
      apply: async (tx) => {
        await tx.mainAccount.update({ where: { id }, data: { senderNumbers, updatedAt: new Date() } });
        const changed = await tx.$queryRaw<{ id: string }[]>(Prisma.sql`
          UPDATE sub_account
             SET sender_numbers = ARRAY(SELECT n FROM unnest(sender_numbers) WITH ORDINALITY AS t (n, i)
                                         WHERE n = ANY(${senderNumbers}::text[]) ORDER BY i),
                 settings_version = settings_version + 1, updated_at = now()
           WHERE main_account_id = ${id} AND NOT sender_numbers <@ ${senderNumbers}::text[]
           RETURNING id`);
        await noteProfileChangesWithin(
          tx,
          changed.map((row) => ({ mainAccountId: id, subAccountId: row.id })),
        );
        return { status: 200, body: { senderNumbers } };
      },
    });
  }
}

/**
 * Locks the registered numbers until the transaction ends, so that none is taken off in between. Take this lock
 * before that of a sub-account: whoever takes numbers off locks in that order.
 *
 * @throws ProblemError `validation-failed` naming each number that is not registered
 */
export async function requireRegistered(
  tx: Transaction,
  mainAccountId: string,
  wanted: readonly string[] | undefined,
): Promise<void> {
  if (wanted === undefined || wanted.length === 0) return;
  const rows = await tx.$queryRaw<{ registered: string[] }[]>(
    Prisma.sql`SELECT sender_numbers AS registered FROM main_account WHERE id = ${mainAccountId} FOR SHARE`,
  );
  const registered = new Set(rows[0]?.registered);
  const errors = wanted.flatMap((number, index) =>
    registered.has(number)
      ? []
      : [{ path: `senderNumbers.${index}`, message: 'is not registered for the main account' }],
  );
  if (errors.length > 0) throw ProblemError.invalid(errors);
}

/**
 * A number must be in the sub-account's own list. Of a sub-account that is not there the ledger knows more.
 *
 * @param sender a number; names and short codes are not checked (docs/decisions/0009)
 * @throws ProblemError `sender-not-allowed`
 */
export async function requireAllowedSender(
  tx: Pick<Transaction, 'subAccount'>,
  { mainAccountId, subAccountId, sender }: { mainAccountId: string; subAccountId: string; sender: string },
): Promise<void> {
  const sub = await tx.subAccount.findUnique({
    where: { mainAccountId_id: { mainAccountId, id: subAccountId } },
    select: { senderNumbers: true },
  });
  if (!sub || sub.senderNumbers.includes(sender)) return;
  throw new ProblemError('sender-not-allowed', {
    errors: [{ path: 'sender', message: 'is not allowed to this sub-account' }],
  });
}
