import { columns } from '@subledger/database';
import type pg from 'pg';
import type { Transaction } from '../database/transaction.js';

export interface ProfileKey {
  readonly mainAccountId: string;
  readonly subAccountId: string;
}

/**
 * Notes, in the transaction of a change, which profiles to publish (docs/decisions/0009). A note has no content: the
 * relay publishes a profile's current state, so notes may come twice or in any order.
 */
export async function noteProfileChanges(
  client: Pick<pg.ClientBase, 'query'>,
  keys: readonly ProfileKey[],
): Promise<void> {
  if (keys.length === 0) return;
  await client.query(
    `INSERT INTO profile_change (main_account_id, sub_account_id) SELECT * FROM unnest($1::text[], $2::text[])`,
    columns(
      keys,
      (key) => key.mainAccountId,
      (key) => key.subAccountId,
    ),
  );
}

/** The same in a transaction of Prisma. */
export async function noteProfileChangesWithin(tx: Transaction, keys: readonly ProfileKey[]): Promise<void> {
  if (keys.length > 0) await tx.profileChange.createMany({ data: [...keys] });
}
