import { columns } from '@subledger/database';
import type pg from 'pg';

/** Ends the sessions of these sub-accounts, so that a reactivation does not bring them back. */
export async function endSessionsOf(
  client: Pick<pg.ClientBase, 'query'>,
  subAccounts: readonly { readonly mainAccountId: string; readonly subAccountId: string }[],
): Promise<void> {
  if (subAccounts.length === 0) return;
  await client.query(
    `DELETE FROM session se USING unnest($1::text[], $2::text[]) AS x (main_account_id, sub_account_id)
      WHERE se.main_account_id = x.main_account_id AND se.sub_account_id = x.sub_account_id`,
    columns(
      subAccounts,
      (sub) => sub.mainAccountId,
      (sub) => sub.subAccountId,
    ),
  );
}
