import { loginKeyOf } from '../access/login-key.js';
import type { Transaction } from '../database/transaction.js';
import { ProblemError } from '../request/problem.js';

interface Reservation {
  readonly mainAccountId: string;
  readonly subAccountId: string;
  readonly name: string;
  /** Null if the name is taken at once. */
  readonly operationId: string | null;
}

/**
 * Reserves a name, unique per main account ignoring case. If the operation is refused, the name is free again.
 *
 *
 * @throws ProblemError `name-taken`
 */
export async function reserveName(
  tx: Transaction,
  { mainAccountId, subAccountId, name, operationId }: Reservation,
) {
  const nameKey = loginKeyOf(name);
  const { count } = await tx.subAccountName.createMany({
    data: [{ mainAccountId, nameKey, subAccountId, operationId }],
    skipDuplicates: true,
  });
  if (count === 1) return;
  const holder = await tx.subAccountName.findUnique({
    where: { mainAccountId_nameKey: { mainAccountId, nameKey } },
  });
  // Its own name in other letters ("sales" to "Sales"): the existing row is not a reservation.
  if (holder?.subAccountId === subAccountId && holder.operationId === null) return;
  throw new ProblemError('name-taken', { errors: [{ path: 'name', message: 'is taken' }] });
}
