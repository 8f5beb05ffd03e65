import { maySendAs, toE164 } from '@subledger/contracts';
import type { Transaction } from '../database/transaction.js';
import { Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { lockMainAccount, type MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import type { WriteRunner } from '../operations/write-runner.js';
import type { Answer } from '../request/idempotency.js';
import { ProblemError } from '../request/problem.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { noteProfileChangesWithin } from './profile-changes.js';

/** K Premium numbers, registered per main account and allowed per sub-account. */
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

  /** Sets the complete list. Removed numbers are also removed from the sub-accounts, in the same transaction. */
  async put(written: ValidatedRequest<'putSenderNumbers'>): Promise<Answer> {
    const { id } = written.params;
    const { country } = await this.mains.get(id);
    const senderNumbers = inE164(written.body.senderNumbers, country);
    const request = { ...written, body: { senderNumbers } };
    return this.runner.runLocal(request, {
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
 * Locks the registered numbers until the transaction ends, so that none is removed meanwhile. Take this lock before
 * that of a sub-account, because removing numbers locks in that order.
 *
 *
 * @throws ProblemError `validation-failed` with each number that is not registered
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
 * Numbers in any notation as E.164, each once.
 * @throws ProblemError `validation-failed` with each text that is not a number
 */
export function inE164(written: readonly string[], country: string): string[] {
  const numbers = written.map((text) => toE164(text, country));
  const errors = numbers.flatMap((number, index) =>
    number === undefined
      ? [{ path: `senderNumbers.${index}`, message: `must be a phone number such as "+815012345678"` }]
      : [],
  );
  if (errors.length > 0) throw ProblemError.invalid(errors);
  return [...new Set(numbers as string[])];
}

/**
 * Checks that a number is in the sub-account's own list. Unknown sub-accounts are left to the ledger.
 *
 *
 * @param sender in any notation; the contracts' `senders.ts` classifies it
 * @throws ProblemError `sender-not-allowed`
 */
export async function requireAllowedSender(
  tx: Pick<Transaction, '$queryRaw'>,
  { mainAccountId, subAccountId, sender }: { mainAccountId: string; subAccountId: string; sender: string },
): Promise<void> {
  const [sub] = await tx.$queryRaw<{ senderNumbers: string[]; country: string }[]>(
    Prisma.sql`SELECT s.sender_numbers AS "senderNumbers", m.country
      FROM sub_account s JOIN main_account m ON m.id = s.main_account_id
     WHERE s.main_account_id = ${mainAccountId} AND s.id = ${subAccountId}`,
  );
  if (!sub) return;
  const { senderNumbers, country } = sub;
  const isAllowed = (number: string) =>
    // The second condition is for older rows with numbers as they were written.
    senderNumbers.includes(number) || senderNumbers.some((listed) => toE164(listed, country) === number);
  if (maySendAs(sender, country, isAllowed)) return;
  throw new ProblemError('sender-not-allowed', {
    errors: [{ path: 'sender', message: 'is not allowed to this sub-account' }],
  });
}
